#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>

#include "field.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "network_reader.hpp"
#include "problem_reader.hpp"
#include "sweep_reader.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

constexpr std::size_t longest_path = 300;  // in a message
constexpr std::size_t most_levels = 32;    // of an override's key path; a job has eight at most

Adam read_adam(const Field& field) {
  field.accept_keys({"steps", "learning_rate", "width", "layers", "points"});
  Adam adam;
  read_integer(field, "steps", 1, 10000000, adam.steps);
  if (const auto rate = field.find("learning_rate")) {
    adam.learning_rate = rate->number();
    if (!(adam.learning_rate > 0.0 && adam.learning_rate <= 1.0)) {
      rate->fail(to_text(adam.learning_rate) + " is out of range",
                 "accepted: a step of the weights above 0 and at most 1, e.g. 5e-3");
    }
  }
  read_integer(field, "width", 1, 1024, adam.width);
  read_integer(field, "layers", 1, 8, adam.layers);
  read_integer(field, "points", 4, 65536, adam.points);
  return adam;
}

Training read_training(const Field& field) {
  field.accept_keys({"method", "ansatz", "tolerance", "max_iterations", "rescue", "adam"});
  Training training;
  if (const auto method = field.find("method")) training.method = method->choice<Training::Method>();
  if (const auto ansatz = field.find("ansatz")) training.ansatz = ansatz->choice<Training::Ansatz>();
  if (const auto tolerance = field.find("tolerance")) {
    training.tolerance = tolerance->number();
    if (!(training.tolerance > 0.0 && training.tolerance < 1.0)) {
      tolerance->fail(to_text(training.tolerance) + " is out of range",
                      "accepted: a relative error above 0 and below 1, e.g. 1e-6");
    }
  }
  read_integer(field, "max_iterations", 1, 10000, training.max_iterations);
  if (const auto rescue = field.find("rescue")) training.rescue = rescue->boolean();
  if (const auto adam = field.find("adam")) training.adam = read_adam(*adam);
  return training;
}

Verification read_verification(const Field& field) {
  field.accept_keys({"estimate", "reference_fraction"});
  Verification verification;
  if (const auto estimate = field.find("estimate")) verification.estimate = estimate->boolean();
  if (const auto fraction = field.find("reference_fraction")) {
    verification.reference_fraction = fraction->number();
    if (!(verification.reference_fraction >= 0.0 && verification.reference_fraction <= 1.0)) {
      fraction->fail(to_text(verification.reference_fraction) + " is out of range",
                     "accepted: the share of points to verify, from 0 to 1");
    }
  }
  return verification;
}

bool is_device(const std::string& text) {
  if (text == "auto" || text == "cpu" || text == "cuda") return true;
  if (text.rfind("cuda:", 0) != 0) return false;
  const std::string number = text.substr(5);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !number.empty() && number.size() <= 3 && std::all_of(number.begin(), number.end(), is_digit);
}

/// "90", "1:30:00", "2-12:00:00": seconds, or [days-]hours:minutes:seconds as batch systems write it. Nothing
/// where it is neither.
std::optional<double> seconds_of(const std::string& text) {
  if (const auto seconds = parse_number(text)) return seconds;
  const std::size_t dash = text.find('-');
  std::vector<std::string> words(1);
  for (const char c : dash == std::string::npos ? text : text.substr(dash + 1)) {
    if (c == ':') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.size() != 3) return std::nullopt;
  if (dash != std::string::npos) words.insert(words.begin(), text.substr(0, dash));
  constexpr std::array<double, 4> units{86400.0, 3600.0, 60.0, 1.0};
  double seconds = 0.0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool digits = !words[i].empty() && words[i].size() <= 9 &&
                        words[i].find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return std::nullopt;
    seconds += units[i + units.size() - words.size()] * static_cast<double>(*parse_integer(words[i]));
  }
  return seconds;
}

void read_seconds(const Field& map, const std::string& key, double& target) {
  const auto field = map.find(key);
  if (!field) return;
  const auto seconds = seconds_of(field->text());
  constexpr double most = 1.0e9;
  if (!seconds || !(*seconds >= 0.0 && *seconds <= most)) {
    field->fail(
        in_quotes(field->text()) + " is not a time",
        "accepted: seconds, or [days-]hours:minutes:seconds, e.g. 5400, 01:30:00 or 2-12:00:00; 0 for "
        "none");
  }
  target = *seconds;
}

Run read_run(const Field& field) {
  field.accept_keys({"block", "device", "time_limit", "sync"});
  Run run;
  if (const auto block = field.find("block")) run.block = block->integer(1, 65536);
  if (const auto device = field.find("device")) {
    run.device = device->text();
    if (!is_device(run.device)) {
      device->fail("unknown device " + in_quotes(run.device),
                   "accepted: auto, cpu, cuda, cuda:N (N = 0, 1, ...)");
    }
  }
  read_seconds(field, "time_limit", run.time_limit);
  read_seconds(field, "sync", run.sync);
  return run;
}

void read_output_points(const Field& field, const Variable& variable, Output& output) {
  constexpr std::int64_t most_points = 100000;
  if (field.kind() != Node::Kind::list) {
    output.points = field.integer(2, most_points);
    return;
  }
  for (const Field& item : field.items()) {
    const double value = item.number();
    if (value < variable.start || value > variable.end) {
      item.fail(to_text(value) + " is out of the range of " + variable.symbol,
                "accepted: " + to_text(variable.start) + " to " + to_text(variable.end));
    }
    if (!output.values.empty() && !(value > output.values.back())) {
      item.fail(to_text(value) + " is not above the point before it, " + to_text(output.values.back()),
                "give increasing numbers");
    }
    output.values.push_back(value);
  }
  output.points = static_cast<std::int64_t>(output.values.size());
  if (output.values.empty() || output.points > most_points) {
    field.fail("the list has " + std::to_string(output.points) + " points",
               "accepted: 1 to " + std::to_string(most_points) + " increasing numbers, or an integer");
  }
}

void read_store(const Field& field, Output& output) {
  const std::vector<std::string> accepted{"solution", "coefficients", "heads", "matching", "sensitivities"};
  bool* const targets[] = {&output.solution, &output.coefficients, &output.heads, &output.matching,
                           &output.sensitivities};
  for (bool* target : targets) *target = false;
  for (const Field& item : field.items()) {
    const std::string word = item.text();
    const auto found = std::find(accepted.begin(), accepted.end(), word);
    if (found == accepted.end()) {
      item.fail("unknown value " + in_quotes(word) + suggestion(word, accepted),
                "accepted: " + joined(accepted));
    }
    bool& target = *targets[found - accepted.begin()];
    if (target) item.fail(in_quotes(word) + " is given twice", "give it once");
    target = true;
  }
}

Output read_output(const Field& field, const Variable& variable) {
  field.accept_keys({"points", "store"});
  Output output;
  if (const auto points = field.find("points")) read_output_points(*points, variable, output);
  if (const auto store = field.find("store")) read_store(*store, output);
  return output;
}

/// Sensitivities follow from the equation of the frames' constants.
void check_sensitivities(const Field& output, const Job& job) {
  if (!job.output.sensitivities) return;
  const auto refuse = [&output](const std::string& problem, const std::string& remedy) {
    output.find("store")->fail("sensitivities are asked for, but " + problem, remedy);
  };
  const Training& training = job.training;
  const bool solves =
      training.method == Training::Method::gauss_newton || training.method == Training::Method::adam;
  if (!solves || training.ansatz != Training::Ansatz::frames) {
    refuse(solves ? "training.ansatz is sum, whose constants obey no equation of their own"
                  : "training.method is " + name_of(training.method) +
                        ", which promotes no constants to functions",
           "use training.method gauss_newton or adam with the ansatz frames, or leave sensitivities out");
  }
  if (job.varied_parameters().empty()) {
    refuse("the sweep varies no parameter", "vary one under sweep.parameters, or leave sensitivities out");
  }
}

/// Pilot solutions are those of frames.
void check_trunk_training(const Field& root, const Field& problem, const Job& job) {
  const bool sum =
      job.training.method == Training::Method::gauss_newton && job.training.ansatz == Training::Ansatz::sum;
  if (job.network.train.points == 0 || !sum) return;
  const auto own = root.find("network");
  const Field network = own && own->has("trunk") ? *own : *problem.find("network");
  network.find("trunk")->fail("the hidden layers are to be trained, but training.ansatz is sum",
                              "use the ansatz frames, or leave network.trunk.train out");
}

/// The job from its whole tree, the problem file included.
Job read_tree(const NodePtr& root, const PointSource& points) {
  const Field field(root, "", root->place);
  if (root->kind == Node::Kind::null)
    field.fail("the job is empty", "give at least the keys problem and sweep");
  if (root->kind != Node::Kind::map) {
    field.fail("a job is a mapping",
               "write `key: value` pairs; accepted keys: problem, sweep, network, training, "
               "verification, run, output");
  }
  field.accept_keys({"problem", "sweep", "network", "training", "verification", "run", "output"});
  const Field problem = field.require("problem", "give the path of a problem file, or its mapping");
  Job job;
  job.problem = ProblemReader(problem).read();
  NetworkReader network_reader;
  if (const auto network = problem.find("network")) network_reader.read_problems(*network);
  const Field sweep = field.require("sweep", "give {sampler, samples, parameters}");
  job.sweep = read_sweep(sweep, job.problem, points);
  if (const auto network = field.find("network")) network_reader.read_jobs(*network);
  if (const auto training = field.find("training")) job.training = read_training(*training);
  const bool resolved = points.given != nullptr;  // and says all there is to say
  job.network = network_reader.result(job.training, resolved);
  check_trunk_training(field, problem, job);
  if (const auto verification = field.find("verification"))
    job.verification = read_verification(*verification);
  if (const auto run = field.find("run")) job.run = read_run(*run);
  if (const auto output = field.find("output")) {
    job.output = read_output(*output, job.problem.variable);
    check_sensitivities(*output, job);
  }
  return job;
}

/// Replaces the path of a problem file by its content.
NodePtr with_problem_file(const NodePtr& root, const std::string& directory) {
  const NodePtr value = root->kind == Node::Kind::map ? find_value(root, "problem") : nullptr;
  if (!value || value->kind != Node::Kind::scalar) return root;
  const Field field(value, "problem", value->place);
  const std::string path = joined_path(directory, field.text());
  FileContent content = read_file(path);
  if (!content.text) {
    field.fail("the problem file cannot be read: " + clipped(path, longest_path) + ": " + content.why,
               "the path is relative to the job file");
  }
  const NodePtr problem =
      parse_yaml(std::make_shared<Source>(Source{path, std::move(*content.text), true}), "problem");
  if (problem->kind != Node::Kind::map) {
    fail(problem->place, "problem", "a problem file is a mapping",
         "write `key: value` pairs, starting with `name`");
  }
  return with_value(root, {"problem"}, problem);
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> keys(1);
  for (const char c : path) {
    if (c == '.') {
      keys.emplace_back();
    } else {
      keys.back() += c;
    }
  }
  return keys;
}

NodePtr with_override(NodePtr root, const std::string& text, const std::string& directory) {
  const std::string name = "--set " + escaped(text);
  const std::size_t equals = text.find('=');
  const std::vector<std::string> keys = split_path(text.substr(0, equals));
  const auto is_bad = [](const std::string& key) {
    return key.empty() || key.find(' ') != std::string::npos;
  };
  if (equals == std::string::npos || std::any_of(keys.begin(), keys.end(), is_bad)) {
    throw InputError(clipped(name, 100) +
                     ": an override has the form key.path=value, without blanks around =" +
                     "\n  write it like --set sweep.samples=64");
  }
  if (keys.size() > most_levels) {
    throw InputError(clipped(name, 100) + ": the key path has " + std::to_string(keys.size()) +
                     " levels\n  write it like --set sweep.samples=64");
  }
  auto source = std::make_shared<Source>(Source{name, text.substr(equals + 1), false});
  const std::string path = text.substr(0, equals);
  if (source->text.find('\n') != std::string::npos) {
    fail({source, 0, 0}, path, "the value of an override has a line break",
         "write it on one line, lists in [ ]");
  }
  const NodePtr value = parse_yaml(source, path);
  if (value->kind == Node::Kind::null) {
    fail({source, 0, 0}, path, "the override has no value", "write it like --set sweep.samples=64");
  }
  if (keys[0] == "problem" && keys.size() > 1) root = with_problem_file(root, directory);
  return with_value(root, keys, value);
}

}  // namespace

Job read_job(const std::string& path, const std::vector<std::string>& overrides) {
  FileContent content = read_file(path);
  if (!content.text) {
    throw InputError(clipped(path, longest_path) + ": the job file cannot be read: " + content.why +
                     "\n  give the path of a YAML file");
  }
  const std::string directory = std::filesystem::path(path).parent_path().string();
  NodePtr root = parse_yaml(std::make_shared<Source>(Source{path, std::move(*content.text), true}), "");
  for (const std::string& text : overrides) root = with_override(root, text, directory);
  return read_tree(with_problem_file(root, directory), {directory, nullptr});
}

Job parse_resolved(const std::string& text, const std::vector<std::vector<double>>& list,
                   const std::string& name) {
  const NodePtr root = parse_yaml(std::make_shared<Source>(Source{name, text, true}), "");
  return read_tree(root, {"", &list});
}

}  // namespace gluesweep::job
