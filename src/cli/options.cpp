#include "gluesweep/cli/options.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "compare_methods.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* general_help =
    R"(gluesweep trains a small coefficient network on a differential equation for every point of a parameter scan
and collects them in one HDF5 file.

usage: gluesweep COMMAND [options]
       mpiexec -n RANKS gluesweep run JOB [options]

commands:
  run JOB      run the sweep that a job file describes
  check JOB    validate a job file, test its patches and print the plan
  compare JOB  run all methods on the same points and print a table of their errors and costs
  show FILE    summarise a sweep file
  merge FILES  put the parts of a scan (run --part) together
  emulate FILE learn the solution as a function of the parameters
  refine FILE JOB
               choose the points that such an emulator needs next
  predict EMULATOR
               evaluate what was learned, at any parameters and places
  diagnose JOB|FILE
               examine the hidden layers: signal propagation, criticality, what they can represent
  COMMAND --help explains a command, with examples

options:
  --help       this text
  --version    versions of gluesweep and its libraries

exit codes:
  0   complete
  1   internal error, or a fault under way: a full disk, a file removed
  2   bad input: command line, job file or sweep file; nothing was created
  3   complete, but more points failed than --max-failed allows
  75  stopped early by SIGTERM, SIGINT, SIGUSR1 or run.time_limit; finished points are kept, --resume goes on

example:
  gluesweep check jobs/mixed_order_decay.yaml
  mpiexec -n 8 gluesweep run jobs/mixed_order_decay.yaml -o decay.h5
  gluesweep show decay.h5
  gluesweep compare jobs/mixed_order_decay.yaml
)";

constexpr const char* run_help =
    R"(usage: gluesweep run JOB [options]
       mpiexec -n RANKS gluesweep run JOB [options]

Runs the sweep that the job file describes on all ranks and writes one HDF5 file.

)";
constexpr const char* run_examples = R"(
examples:
  gluesweep run jobs/freeze_out.yaml
  mpiexec -n 8 gluesweep run jobs/freeze_out.yaml -o relic.h5 --set sweep.samples=65536
  gluesweep run jobs/freeze_out.yaml --set training.tolerance=1e-8 --set output.points=1000
  gluesweep run jobs/freeze_out.yaml --set 'sweep={sampler: grid, parameters: {lambda: 1e9}}' -o one_point.h5
  gluesweep run jobs/freeze_out.yaml --dry-run
  gluesweep run jobs/freeze_out.yaml -o relic.h5 --resume --set run.time_limit=23:30:00
  gluesweep run jobs/freeze_out.yaml --part 3/8          # freeze_out.3-of-8.h5
SIGTERM, SIGINT or SIGUSR1 to any rank, or run.time_limit, ends the run after the blocks in hand: the file is closed, the
command that goes on is printed, the exit code is 75. A second signal, three seconds later or more, ends it at once;
finished blocks are kept. mpiexec passes SIGUSR1 on. After SIGTERM or SIGINT that of Open MPI gives its ranks one second:
OMPI_MCA_odls_base_sigkill_timeout=5 in its environment makes that five.
Exit codes: 0 complete, 1 internal error or a fault under way (full disk, file removed), 2 bad input, 3 too many failed
points, 75 stopped early: --resume goes on.
)";

constexpr const char* check_help =
    R"(usage: gluesweep check JOB [options]

Validates the job file, compiles its expressions, tests each patch for degeneracy and for how well it solves the
equation deep in its own region, and prints the plan of the run.

)";
constexpr const char* check_examples = R"(
examples:
  gluesweep check jobs/freeze_out.yaml
  mpiexec -n 8 gluesweep check jobs/freeze_out.yaml --set run.block=64
Exit codes: 0 the job is good, 2 it is not (bad input or a degenerate patch).
)";

constexpr const char* show_help =
    R"(usage: gluesweep show FILE [options]

Summarises a sweep file: points by status, the errors' distribution, the worst points with their parameters and how
to rerun one of them.

)";
constexpr const char* show_examples = R"(
examples:
  gluesweep show decay.h5 --worst 20
  gluesweep show decay.h5 --job > decay.yaml     # the stored job, complete; can be run again
)";

constexpr const char* merge_help =
    R"(usage: gluesweep merge FILE... -o FILE [options]

Puts the parts of one scan, which 'gluesweep run JOB --part I/N' wrote, together into one sweep file. Networks of parts
that ran on another kind of processor are expressed in the features of the first part, which is said.

)";
constexpr const char* merge_examples = R"(
examples:
  gluesweep merge decay.*-of-8.h5 -o decay.h5
  gluesweep merge decay.*-of-8.h5 -o decay.h5 --virtual
Points that are pending in a part stay pending; 'gluesweep run JOB -o FILE --resume' trains them. A virtual file cannot be
gone on with: go on with its parts. It needs parts that ran on processors of one kind.
Exit codes: 0 complete, 1 internal error or a fault under way, 2 bad input (nothing was created).
)";

constexpr const char* emulate_help =
    R"(usage: gluesweep emulate FILE... [options]

Learns from a sweep file, or from several of one problem, what its networks are as a function of the parameters, measures the error of the solutions
that come out on points that took no part, and writes the emulator: one HDF5 file of plain arrays, and beside it a
TorchScript module (torch.jit.load in Python: theta (B, p), x (M) -> (B, M, unknowns), with gradients).

)";
constexpr const char* emulate_examples = R"(
examples:
  gluesweep run jobs/freeze_out.yaml -o relic.h5 && gluesweep emulate relic.h5 -o relic_emulator.h5
  gluesweep emulate decay.h5 --max-error 1e-8 --holdout 0.2
  gluesweep emulate decay.h5 --regression gaussian_process -o decay_gp.h5
  gluesweep emulate decay.h5 more.h5 -o decay_emulator.h5            # more.h5: see 'gluesweep refine'
Only converged points are used. As many points as --holdout says measure the errors, as many choose the regression and
then train it as well. chebyshev: polynomials of bounded total degree; gaussian_process: around such a polynomial;
perceptron: a small neural network beside it; auto: polynomials, and the others where these are not good enough.
Exit codes: 0 complete, 1 internal error or a fault under way, 2 bad input (nothing was created).
)";

constexpr const char* refine_help =
    R"(usage: gluesweep refine FILE... JOB -o POINTS.csv [options]

Chooses points that an emulator of the sweep files needs next, within the ranges of the job, and writes them as a list
for 'sampler: list'. Several emulators are fitted, each with other points held out. New points go where these emulators
disagree and their held-out errors are large, far from the points that there are and from each other; a share of them only
fills the largest gaps. Where points failed, few are put.

)";
constexpr const char* refine_examples = R"(
examples:
  gluesweep refine decay.h5 jobs/mixed_order_decay.yaml -o more.csv --count 256
  gluesweep run jobs/mixed_order_decay.yaml --set "sweep={sampler: list, file: $PWD/more.csv}" -o more.h5
  gluesweep emulate decay.h5 more.h5 -o decay_emulator.h5
  gluesweep refine decay.h5 more.h5 jobs/mixed_order_decay.yaml -o even_more.csv
JOB is the job of the scan, or one of the same problem that varies the same parameters over other ranges; its sampler does
not matter. Give max-error, regression and the like as to emulate.
Exit codes: 0 complete, 1 internal error or a fault under way, 2 bad input (nothing was created).
)";

constexpr const char* predict_help =
    R"(usage: gluesweep predict EMULATOR --at NAME=VALUE,... [options]
       gluesweep predict EMULATOR --csv FILE [options]

Evaluates an emulator that 'gluesweep emulate' wrote, with the error to expect: the solution at any places, and the
derived quantities.

)";
constexpr const char* predict_examples = R"(
examples:
  gluesweep predict decay_emulator.h5 --at k1=0.1,k2=50
  gluesweep predict decay_emulator.h5 --at k1=0.1,k2=50 --at k1=0.2,k2=50 --x 0.1,1,10 -o two.csv
  gluesweep predict decay_emulator.h5 --csv points.csv --points 1000 -o curves.h5
points.csv has a header of parameter names and a line of numbers for each point. In a .csv output each line is one place of
one point; a .h5 output opens in xarray and holds the derived quantities as well. Without -o the table goes to standard
output; numpy.loadtxt reads it.
Outside the domain that the emulator was fitted on, nothing is known: --outside nan gives NaN and says so, warn gives what
the regression says there, with a warning, error stops.
Exit codes: 0 complete, 1 internal error or a fault under way, 2 bad input (nothing was created).
)";

constexpr const char* diagnose_help =
    R"(usage: gluesweep diagnose JOB|FILE [options]

Examines the trunk, the hidden layers that all points share, as a run of a job would make it (trained on pilot points, if
it is) or as a sweep file or an emulator holds it: the couplings of its layers and whether they are equal along the depth; how lengths and correlations of signals
change from layer to layer, in theory and in random networks; the phase (ordered, critical, chaotic) and its depth
scales; how the couplings change when every other layer is integrated out; and which functions its features can fit.

)";
constexpr const char* diagnose_examples = R"(
examples:
  gluesweep diagnose jobs/freeze_out.yaml --set network.trunk.layers=8 -o diagnosis.h5
  gluesweep diagnose relic.h5 --draws 0
  gluesweep diagnose jobs/freeze_out.yaml --set network.trunk.layers=4 --coefficients relic.h5
  gluesweep diagnose jobs/freeze_out.yaml --width 100 --width 1000 --depth 64 -o diagnosis.h5
PYTHONPATH=analysis python3 -m gluesweep_analysis trunk diagnosis.h5 -o trunk.png draws the file.
Random networks of width N cost N^2 random numbers a layer: some 10 s for the default.
Exit codes: 0 complete, 1 internal error or a fault under way, 2 bad input (nothing was created).
)";

constexpr const char* compare_help =
    R"(usage: gluesweep compare JOB [options]
       mpiexec -n RANKS gluesweep compare JOB [options]

Runs several methods (training.method) of the job on the same points, measures each against the same reference values,
prints a table of errors, time and size, and how far the error estimates can be trusted, and stores everything in one
HDF5 file, which analysis/compare.py draws.
The reference of a point is the problem's closed form, else the independent integrator (CVODE), else gauss_newton with
a drawn trunk of 1.5 times the features that do as well, twice the elements and a hundredth of the tolerance; the table says which it was.

)";
constexpr const char* compare_examples = R"(
examples:
  gluesweep compare jobs/freeze_out.yaml
  gluesweep compare jobs/freeze_out.yaml --points 1024 --methods gauss_newton,matching -o relic.h5
  gluesweep compare jobs/freeze_out.yaml --methods gauss_newton,gauss_newton:sum,adam,adam:sum
  mpiexec -n 4 gluesweep compare jobs/freeze_out.yaml --set run.block=16 --format markdown > table.md
Methods: gauss_newton, adam, plain, matching; METHOD:sum or METHOD:frames chooses the ansatz, otherwise it is the job's.
The table goes to standard output, everything else to standard error. Times are those of one core a rank: leave the cores
to the ranks. Blocks of run.block points are dealt out to the ranks, each method's by itself.
Exit codes: 0 complete, 1 internal error, 2 bad input (nothing was created).
)";

constexpr std::int64_t most_refined = 16384;
constexpr std::int64_t most_compared = 1'000'000'000;  // what sweep.samples takes

/// One command's options, and where its one positional argument goes.
struct Definition {
  std::string command;
  std::string argument;  ///< JOB or FILE
  po::options_description visible{"options", 110, 60};
};

po::options_description_easy_init common(Definition& definition) {
  return definition.visible.add_options()("help,h", "this text");
}

std::vector<std::string> long_names(const po::options_description& description) {
  std::vector<std::string> names;
  for (const auto& option : description.options()) names.push_back("--" + option->long_name());
  return names;
}

[[noreturn]] void refuse(const Definition& definition, const std::string& problem) {
  throw job::InputError("gluesweep " + definition.command + ": " + problem + "\nSee 'gluesweep " +
                        definition.command + " --help'.");
}

/// An empty value is a shell variable that is not set, or a slip; it is not the default.
void refuse_empty_values(const Definition& definition, const po::variables_map& values) {
  for (const auto& [name, value] : values) {
    const auto* text = boost::any_cast<std::string>(&value.value());
    if (text == nullptr || value.defaulted() || !text->empty()) continue;
    refuse(definition, "--" + name + " is given an empty value: give it one, or leave the option out.");
  }
}

/// The options' values; the arguments before, between and after them, at least one.
po::variables_map parse(const Definition& definition, const std::vector<std::string>& words,
                        std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(definition.visible);
  all.add_options()("argument", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("argument", -1);
  po::variables_map values;
  try {
    using namespace po::command_line_style;
    po::store(po::command_line_parser(words)
                  .options(all)
                  .positional(positional)
                  .style(unix_style ^ allow_guessing)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    const auto accepted = long_names(definition.visible);
    refuse(definition, "unknown option " + in_quotes(error.get_option_name()) +
                           did_you_mean(error.get_option_name(), accepted) +
                           "\nAccepted options: " + joined(accepted) + ".");
  } catch (const po::multiple_occurrences& error) {
    refuse(definition,
           "option " + in_quotes(error.get_option_name()) + " is given more than once; it takes one value.");
  } catch (const po::error& error) {
    refuse(definition, printable(error.what()) + ".");
  }
  if (values.count("help") != 0) return values;
  refuse_empty_values(definition, values);
  if (values.count("argument") != 0) arguments = values["argument"].as<std::vector<std::string>>();
  if (arguments.empty()) {
    refuse(definition, "no " + definition.argument + " is given; it takes the path of one.");
  }
  return values;
}

/// The same where one argument is taken.
po::variables_map parse(const Definition& definition, const std::vector<std::string>& words,
                        std::string& argument) {
  std::vector<std::string> arguments;
  const po::variables_map values = parse(definition, words, arguments);
  if (values.count("help") != 0) return values;
  if (arguments.size() > 1) {
    refuse(definition, "takes one " + definition.argument + ", but " + in_quotes(arguments[1]) +
                           " is given after " + in_quotes(arguments[0]) + ".");
  }
  argument = arguments.front();
  return values;
}

std::string help_of(const Definition& definition, const char* head, const char* examples) {
  std::ostringstream text;
  text << head << definition.visible << examples;
  return text.str();
}

ProgressStyle progress_style(const Definition& definition, const std::string& word) {
  if (word == "auto") return ProgressStyle::automatic;
  if (word == "bar") return ProgressStyle::bar;
  if (word == "plain") return ProgressStyle::plain;
  if (word == "none") return ProgressStyle::none;
  refuse(definition, "--progress takes auto, bar, plain or none, not " + in_quotes(word) +
                         did_you_mean(word, {"auto", "bar", "plain", "none"}));
}

/// "3/8": the third of eight.
void read_part(const Definition& definition, const std::string& word, RunOptions& options) {
  const auto number = [](const std::string& digits) -> std::int64_t {
    const bool plain =
        !digits.empty() && digits.size() <= 9 && digits.find_first_not_of("0123456789") == std::string::npos;
    return plain ? std::stoll(digits) : 0;
  };
  const std::size_t slash = word.find('/');
  options.part = number(word.substr(0, slash));
  options.parts = slash == std::string::npos ? 0 : number(word.substr(slash + 1));
  if (options.part < 1 || options.part > options.parts) {
    refuse(definition, "--part takes I/N, the I-th of N parts with I from 1 to N, e.g. 3/8; not " +
                           in_quotes(word) + ".");
  }
}

using Words = std::vector<std::string>;

Request parse_run(const Words& words) {
  RunOptions options;
  options.words = words;
  std::string progress, part;
  Definition definition{"run", "JOB"};
  common(definition)("output,o", po::value(&options.output)->value_name("FILE"),
                     "sweep file to create (default: the job's name with .h5, in the current directory)")(
      "set", po::value(&options.overrides)->composing()->value_name("KEY=VALUE"),
      "override a key of the job, e.g. sweep.samples=64; may be repeated")(
      "device", po::value(&options.device)->value_name("DEVICE"),
      "auto, cpu, cuda or cuda:N (default: run.device of the job)")(
      "progress", po::value(&progress)->default_value("auto")->value_name("STYLE"),
      "auto, bar, plain (a line every 30 s) or none")(
      "max-failed",
      po::value(&options.max_failed)->default_value(options.max_failed, "0.01")->value_name("FRACTION"),
      "share of failed points (0 to 1) above which the exit code is 3")(
      "resume", po::bool_switch(&options.resume),
      "go on with the sweep file where an earlier run ended, on any number of ranks; start it if there is "
      "none")("retry-failed", po::bool_switch(&options.retry_failed),
              "the same, and train the points again that failed")(
      "overwrite", po::bool_switch(&options.overwrite),
      "replace the sweep file, finished or not, if there is one")(
      "part", po::value(&part)->value_name("I/N"),
      "run the I-th of N parts of the scan (I from 1), into a file of its own; see 'gluesweep merge'")(
      "dry-run", po::bool_switch(&options.dry_run), "validate, print the plan and stop; nothing is created");
  const auto values = parse(definition, words, options.job);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, run_help, run_examples)};
  if (!(options.max_failed >= 0.0 && options.max_failed <= 1.0)) {
    refuse(definition,
           "--max-failed is a share of the points, 0 to 1, not " + exact(options.max_failed) + ".");
  }
  options.progress = progress_style(definition, progress);
  options.resume = options.resume || options.retry_failed;
  if (options.resume && options.overwrite) {
    refuse(definition, std::string("--overwrite starts over and ") +
                           (options.retry_failed ? "--retry-failed" : "--resume") +
                           " goes on with what there is: give one of them.");
  }
  if (values.count("part") != 0) read_part(definition, part, options);
  return options;
}

Request parse_check(const Words& words) {
  CheckOptions options;
  Definition definition{"check", "JOB"};
  common(definition)("set", po::value(&options.overrides)->composing()->value_name("KEY=VALUE"),
                     "override a key of the job, e.g. sweep.samples=64; may be repeated")(
      "device", po::value(&options.device)->value_name("DEVICE"),
      "auto, cpu, cuda or cuda:N (default: run.device of the job)");
  const auto values = parse(definition, words, options.job);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, check_help, check_examples)};
  return options;
}

/// "adam" or "adam:sum".
MethodChoice method_choice(const Definition& definition, const std::string& word) {
  const std::size_t colon = word.find(':');
  const MethodChoice choice{word.substr(0, colon), colon == std::string::npos ? "" : word.substr(colon + 1)};
  const auto check = [&](const std::string& what, const std::string& value, const Words& accepted) {
    if (std::find(accepted.begin(), accepted.end(), value) != accepted.end()) return;
    refuse(definition, "--methods: unknown " + what + " " + in_quotes(value) + did_you_mean(value, accepted) +
                           "\nAccepted: " + joined(accepted) + ".");
  };
  check("method", choice.method, method_names());
  if (colon != std::string::npos) check("ansatz", choice.ansatz, {"frames", "sum"});
  return choice;
}

std::vector<MethodChoice> method_choices(const Definition& definition, const std::string& list) {
  std::vector<MethodChoice> choices;
  Words seen;
  std::istringstream stream(list + ",");  // so that an empty last word is seen
  for (std::string word; std::getline(stream, word, ',');) {
    if (std::find(seen.begin(), seen.end(), word) != seen.end())
      refuse(definition, "--methods: " + in_quotes(word) + " is given twice.");
    seen.push_back(word);
    choices.push_back(method_choice(definition, word));
  }
  return choices;
}

TableFormat table_format(const Definition& definition, const std::string& word) {
  if (word == "text") return TableFormat::text;
  if (word == "markdown") return TableFormat::markdown;
  refuse(definition, "--format takes text or markdown, not " + in_quotes(word) +
                         did_you_mean(word, {"text", "markdown"}));
}

Request parse_compare(const Words& words) {
  CompareOptions options;
  std::string methods, format, progress;
  std::string all;
  for (const std::string& name : method_names()) all += (all.empty() ? "" : ",") + name;
  Definition definition{"compare", "JOB"};
  common(definition)("output,o", po::value(&options.output)->value_name("FILE"),
                     "file to create (default: the job's name with _compare.h5, in the current directory)")(
      "set", po::value(&options.overrides)->composing()->value_name("KEY=VALUE"),
      "override a key of the job, e.g. training.tolerance=1e-8; may be repeated")(
      "methods", po::value(&methods)->default_value(all)->value_name("LIST"), "methods, separated by commas")(
      "points", po::value(&options.points)->value_name("N"),
      "number of points (default: 64, or all of a grid or list)")(
      "format", po::value(&format)->default_value("text")->value_name("FORMAT"),
      "of the table: text or markdown")("device", po::value(&options.device)->value_name("DEVICE"),
                                        "auto, cpu, cuda or cuda:N (default: run.device of the job)")(
      "progress", po::value(&progress)->default_value("auto")->value_name("STYLE"),
      "auto, bar, plain (a line every 30 s) or none");
  const auto values = parse(definition, words, options.job);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, compare_help, compare_examples)};
  if (values.count("points") != 0 && (options.points < 1 || options.points > most_compared)) {
    refuse(definition, "--points is a number of points, 1 to " + grouped(most_compared) + ", not " +
                           std::to_string(options.points) + ".");
  }
  options.methods = method_choices(definition, methods);
  options.format = table_format(definition, format);
  options.progress = progress_style(definition, progress);
  return options;
}

Request parse_show(const Words& words) {
  ShowOptions options;
  Definition definition{"show", "FILE"};
  common(definition)("worst", po::value(&options.worst)->default_value(options.worst)->value_name("N"),
                     "how many of the worst points to list")(
      "job", po::bool_switch(&options.job), "print the stored job, complete, and nothing else");
  const auto values = parse(definition, words, options.file);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, show_help, show_examples)};
  if (options.worst < 0 || options.worst > 1000) {
    refuse(definition,
           "--worst is a number of points, 0 to 1000, not " + std::to_string(options.worst) + ".");
  }
  return options;
}

Request parse_merge(const Words& words) {
  MergeOptions options;
  Definition definition{"merge", "FILE"};
  common(definition)("output,o", po::value(&options.output)->value_name("FILE"), "sweep file to create")(
      "virtual", po::bool_switch(&options.refer),
      "refer to the parts instead of copying them: a small file that needs them beside it");
  const auto values = parse(definition, words, options.files);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, merge_help, merge_examples)};
  if (options.output.empty()) refuse(definition, "no file to create is given: name it with -o FILE.");
  return options;
}

/// Numbers without a sign would be read modulo 2^64.
std::uint64_t read_seed(const Definition& definition, std::int64_t seed) {
  if (seed < 0) refuse(definition, "--seed is a whole number from 0 on, not " + std::to_string(seed) + ".");
  return static_cast<std::uint64_t>(seed);
}

/// What several commands are given about a fit.
void check_fit_options(const Definition& definition, double holdout, double max_error,
                       const std::string& regression) {
  if (!(holdout > 0.0 && holdout < 0.5)) {
    refuse(definition,
           "--holdout is a share of the points, above 0 and below 0.5, not " + exact(holdout) + ".");
  }
  if (!(max_error > 0.0)) {
    refuse(definition, "--max-error is a relative error above 0, not " + exact(max_error) + ".");
  }
  const Words kinds{"auto", "chebyshev", "gaussian_process", "perceptron"};
  if (std::find(kinds.begin(), kinds.end(), regression) == kinds.end()) {
    refuse(definition, "--regression: unknown kind " + in_quotes(regression) +
                           did_you_mean(regression, kinds) + "\nAccepted: " + joined(kinds) + ".");
  }
}

/// "uniform", "critical" or "1.5,0.1".
job::Network::Init read_init(const Definition& definition, const std::string& text) {
  using Law = job::Network::Init::Law;
  if (text == "uniform") return {};
  if (text == "critical") return {Law::critical, 1.0, 0.0};
  const auto comma = text.find(',');
  const auto sigma_w = finite_number(text.substr(0, comma));
  const auto sigma_b = finite_number(comma == std::string::npos ? "" : text.substr(comma + 1));
  if (!sigma_w || !sigma_b || *sigma_w < 0.0 || *sigma_b < 0.0) {
    refuse(definition,
           "--init takes uniform, critical or two numbers SIGMA_W,SIGMA_B from 0 on, such as 1.5,0.1, not " +
               in_quotes(text) + did_you_mean(text, {"uniform", "critical"}) + ".");
  }
  return {Law::gaussian, *sigma_w, *sigma_b};
}

Request parse_emulate(const Words& words) {
  EmulateOptions options;
  std::int64_t seed = 0;
  std::string init;
  Definition definition{"emulate", "FILE"};
  common(definition)(
      "output,o", po::value(&options.output)->value_name("EMULATOR"),
      "file to create (default: the first sweep file's name with _emulator.h5, in the current directory)")(
      "holdout", po::value(&options.holdout)->default_value(options.holdout, exact(options.holdout)),
      "share of the points that only measure the errors")(
      "max-error", po::value(&options.max_error)->default_value(options.max_error, exact(options.max_error)),
      "points with a larger error estimate are left out")(
      "tolerance", po::value(&options.tolerance)->default_value(options.tolerance, exact(options.tolerance)),
      "error of the solution that is small enough: a smaller one makes evaluations slower")(
      "regression", po::value(&options.regression)->default_value("auto")->value_name("KIND"),
      "auto, chebyshev, gaussian_process or perceptron")(
      "init", po::value(&init)->default_value("uniform")->value_name("LAW"),
      "weights that a perceptron's hidden layers start from: uniform, critical or SIGMA_W,SIGMA_B")(
      "no-module", po::bool_switch(&options.no_module),
      "no TorchScript module beside the file (the same name, ending with .pt)")(
      "seed", po::value(&seed)->default_value(0), "of the choice of held-out points and of initial weights");
  const auto values = parse(definition, words, options.files);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, emulate_help, emulate_examples)};
  options.seed = read_seed(definition, seed);
  check_fit_options(definition, options.holdout, options.max_error, options.regression);
  if (!(options.tolerance > 0.0)) {
    refuse(definition, "--tolerance is a relative error above 0, not " + exact(options.tolerance) + ".");
  }
  options.init = read_init(definition, init);
  return options;
}

Request parse_refine(const Words& words) {
  RefineOptions options;
  std::int64_t seed = 0;
  Definition definition{"refine", "FILE"};
  common(definition)("output,o", po::value(&options.output)->value_name("POINTS.csv"), "list to create")(
      "set", po::value(&options.overrides)->composing()->value_name("KEY=VALUE"),
      "override a key of the job, e.g. a range; may be repeated")(
      "count", po::value(&options.count)->value_name("N"),
      "number of points to choose (default: a quarter of those that there are)")(
      "filling", po::value(&options.filling)->default_value(options.filling, exact(options.filling)),
      "share of them, 0 to 1, that only fills the largest gaps")(
      "fits", po::value(&options.fits)->default_value(options.fits), "number of emulators that are compared")(
      "holdout", po::value(&options.holdout)->default_value(options.holdout, exact(options.holdout)),
      "share of the points that measure the errors of each")(
      "max-error", po::value(&options.max_error)->default_value(options.max_error, exact(options.max_error)),
      "points with a larger error estimate are of no use")(
      "regression", po::value(&options.regression)->default_value("auto")->value_name("KIND"),
      "auto, chebyshev, gaussian_process or perceptron")("seed", po::value(&seed)->default_value(0),
                                                         "of what is held out and of the places compared");
  const auto values = parse(definition, words, options.files);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, refine_help, refine_examples)};
  options.seed = read_seed(definition, seed);
  if (options.files.size() < 2) {
    refuse(definition, "no JOB is given after " + in_quotes(options.files.front()) +
                           ": it takes sweep files and then the job whose ranges hold.");
  }
  options.job = options.files.back();
  options.files.pop_back();
  if (options.output.empty()) refuse(definition, "no list to create is given: name it with -o POINTS.csv.");
  if (values.count("count") != 0 && (options.count < 1 || options.count > most_refined)) {
    refuse(definition, "--count is a number of points, 1 to " + grouped(most_refined) + ", not " +
                           std::to_string(options.count) + ".");
  }
  if (!(options.filling >= 0.0 && options.filling <= 1.0)) {
    refuse(definition, "--filling is a share of the points, 0 to 1, not " + exact(options.filling) + ".");
  }
  if (options.fits < 2 || options.fits > 32) {
    refuse(definition, "--fits is a number of emulators, 2 to 32, not " + std::to_string(options.fits) + ".");
  }
  check_fit_options(definition, options.holdout, options.max_error, options.regression);
  return options;
}

OutsideChoice outside_choice(const Definition& definition, const std::string& word) {
  if (word == "nan") return OutsideChoice::undefined;
  if (word == "warn") return OutsideChoice::warned;
  if (word == "error") return OutsideChoice::refused;
  refuse(definition, "--outside takes nan, warn or error, not " + in_quotes(word) +
                         did_you_mean(word, {"nan", "warn", "error"}) + ".");
}

/// "0.1,1,10".
std::vector<double> read_places(const Definition& definition, const std::string& text) {
  std::vector<double> places;
  std::istringstream words(text + ",");
  for (std::string word; std::getline(words, word, ',');) {
    const auto value = finite_number(word);
    if (!value) {
      refuse(definition, "--x takes numbers between commas, such as 0.1,1,10; " + in_quotes(word) +
                             " is not a finite number.");
    }
    places.push_back(*value);
  }
  return places;
}

/// Refuses a number outside a range.
void check_range(const Definition& definition, const std::string& option, std::int64_t value,
                 std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return;
  refuse(definition, "--" + option + " is a number from " + grouped(low) + " to " + grouped(high) + ", not " +
                         std::to_string(value) + ".");
}

Request parse_diagnose(const Words& words) {
  DiagnoseOptions options;
  std::int64_t seed = 0;
  Definition definition{"diagnose", "JOB or FILE"};
  common(definition)("output,o", po::value(&options.output)->value_name("DIAGNOSIS"),
                     "HDF5 file to create, with all curves (default: none)")(
      "set", po::value(&options.overrides)->composing()->value_name("KEY=VALUE"),
      "override a key of the job, e.g. network.trunk.layers=8; may be repeated")(
      "width", po::value(&options.widths)->composing()->value_name("N"),
      "width of the random networks; may be repeated (default: the trunk's, and 1000)")(
      "draws", po::value(&options.draws)->default_value(options.draws)->value_name("N"),
      "random networks of each width, whose scatter gives the errors; 0: theory only")(
      "depth", po::value(&options.depth)->default_value(options.depth)->value_name("L"),
      "layers that signals are followed through")(
      "coefficients", po::value(&options.coefficients)->value_name("FILE"),
      "sweep file: fit the coefficient functions of its points, too")(
      "seed", po::value(&seed)->default_value(0), "of the random networks");
  const auto values = parse(definition, words, options.subject);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, diagnose_help, diagnose_examples)};
  options.seed = read_seed(definition, seed);
  for (const auto width : options.widths) check_range(definition, "width", width, 2, 20'000);
  check_range(definition, "draws", options.draws, 0, 10'000);
  if (options.draws == 1) refuse(definition, "--draws takes 0, or 2 and more: one network has no scatter.");
  check_range(definition, "depth", options.depth, 8, 1024);
  return options;
}

Request parse_predict(const Words& words) {
  PredictOptions options;
  std::string places, outside;
  Definition definition{"predict", "EMULATOR"};
  common(definition)("at", po::value(&options.at)->composing()->value_name("NAME=VALUE,..."),
                     "a point: a value for each of the emulator's parameters; may be repeated")(
      "csv", po::value(&options.csv)->value_name("FILE"), "a file with a point a line instead")(
      "points", po::value(&options.points)->default_value(options.points)->value_name("N"),
      "number of places over the variable's whole range, equidistant in its scale")(
      "x", po::value(&places)->value_name("LIST"), "the places themselves, such as 0.1,1,10, instead")(
      "output,o", po::value(&options.output)->value_name("FILE"), "file to create, .h5 or .csv")(
      "outside", po::value(&outside)->default_value("nan")->value_name("CHOICE"),
      "outside the emulator's domain: nan, warn or error")(
      "threads", po::value(&options.threads)->default_value(0)->value_name("N"),
      "threads that share many points; 0: one a processor");
  const auto values = parse(definition, words, options.emulator);
  if (values.count("help") != 0) return HelpRequest{help_of(definition, predict_help, predict_examples)};
  if (options.at.empty() == options.csv.empty()) {
    refuse(definition,
           std::string(options.at.empty() ? "no point is given" : "--at and --csv are both given") +
               ": give either --at NAME=VALUE,... or --csv FILE.");
  }
  if (values.count("x") != 0 && !values["points"].defaulted()) {
    refuse(definition, "--x and --points are both given: give either the places or their number.");
  }
  if (options.points < 2 || options.points > 1'000'000) {
    refuse(definition, "--points is a number of places, 2 to 1,000,000, not " +
                           std::to_string(options.points) + "; for a single place give --x.");
  }
  if (options.threads < 0 || options.threads > 1024) {
    refuse(definition, "--threads is 0 to 1024, not " + std::to_string(options.threads) + ".");
  }
  if (values.count("x") != 0) options.places = read_places(definition, places);
  options.outside = outside_choice(definition, outside);
  return options;
}

}  // namespace

Request parse_arguments(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw job::InputError(
        "gluesweep: no command is given.\nCommands: run, check, compare, show, merge, emulate, refine, "
        "predict, "
        "diagnose. See "
        "'gluesweep "
        "--help'.");
  }
  const std::string& first = arguments.front();
  const Words rest(arguments.begin() + 1, arguments.end());
  if (first == "--help" || first == "-h" || first == "help") return HelpRequest{general_help};
  if (first == "--version") return VersionRequest{};
  if (first == "run") return parse_run(rest);
  if (first == "check") return parse_check(rest);
  if (first == "compare") return parse_compare(rest);
  if (first == "show") return parse_show(rest);
  if (first == "merge") return parse_merge(rest);
  if (first == "emulate") return parse_emulate(rest);
  if (first == "refine") return parse_refine(rest);
  if (first == "predict") return parse_predict(rest);
  if (first == "diagnose") return parse_diagnose(rest);
  const bool option = !first.empty() && first.front() == '-';
  throw job::InputError(
      std::string("gluesweep: unknown ") + (option ? "option " : "command ") + in_quotes(first) +
      did_you_mean(first, {"run", "check", "compare", "show", "merge", "emulate", "refine", "predict",
                           "diagnose", "--help", "--version"}) +
      "\nCommands: run, check, compare, show, merge, emulate, refine, predict, diagnose; options: --help, "
      "--version. See 'gluesweep "
      "--help'.");
}

}  // namespace gluesweep::cli
