// What many ranks share, measured without training: the block counter, the sweep file, and whole sweeps whose
// blocks only wait. scaling.py runs it on 1 to 64 ranks and makes tables of what it prints: a line of JSON
// for each measurement, which are, in any number and order:
//   counter-asks, counter-waits, counter-computes, counter-attends    what rank 0 does meanwhile, see
//   RankZero file                                                              --points N sweep --blocks N (a
//   rank), --seconds S (a block) mpiexec -n N benchmark_scaling MEASUREMENT... --job JOB --directory
//   DIRECTORY [--OPTION VALUE]...
// `--set KEY=VALUE` changes the job, as it does for gluesweep run.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <thread>

#include "../../src/cli/collective.hpp"
#include "../../src/cli/start.hpp"
#include "../../src/cli/summarize.hpp"
#include "../../src/output/create.hpp"
#include "gluesweep/cli/progress.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/sweep_file.hpp"
#include "gluesweep/parallel/attention.hpp"
#include "gluesweep/parallel/block_counter.hpp"
#include "gluesweep/sweep/random.hpp"
#include "gluesweep/training/trainer.hpp"

namespace gluesweep::benchmark {
namespace {

using parallel::BlockCounter;
using parallel::Communicator;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Options {
  std::vector<std::string> measurements, overrides;
  std::string job, directory;
  std::int64_t points = 8192;  ///< of the file; a multiple of run.block
  std::int64_t blocks = 25;    ///< of a sweep, for each rank
  double seconds = 0.1;        ///< of a block that waits
};

double positive(const std::string& option, const std::string& word) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !(value > 0.0))
    throw job::InputError(option + " wants a number above 0, not '" + word + "'");
  return value;
}

void set(Options& options, const std::string& option, const std::string& value) {
  if (option == "--set") {
    options.overrides.push_back(value);
  } else if (option == "--job") {
    options.job = value;
  } else if (option == "--directory") {
    options.directory = value;
  } else if (option == "--points") {
    options.points = static_cast<std::int64_t>(positive(option, value));
  } else if (option == "--blocks") {
    options.blocks = static_cast<std::int64_t>(positive(option, value));
  } else if (option == "--seconds") {
    options.seconds = positive(option, value);
  } else {
    throw job::InputError("there is no option " + option);
  }
}

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].rfind("--", 0) != 0) {
      options.measurements.push_back(words[i]);
    } else if (i + 1 == words.size()) {
      throw job::InputError(words[i] + " wants a value");
    } else {
      set(options, words[i], words[i + 1]);
      ++i;
    }
  }
  return options;
}

/// The numbers of one measurement, on rank 0 as one line of JSON.
class Report {
 public:
  Report(const Communicator& communicator, std::string measurement)
      : communicator_(communicator), measurement_(std::move(measurement)) {
    add("ranks", communicator.size());
  }

  void add(const std::string& name, double value) { values_[name] = value; }

  /// Smallest, mean and largest over the ranks. Collective.
  void add_over_ranks(const std::string& name, double value) {
    const std::vector<double> all = communicator_.gather({value});
    if (all.empty()) return;
    double sum = 0.0;
    for (const double one : all) sum += one;
    add(name, sum / static_cast<double>(all.size()));
    add(name + "_least", *std::min_element(all.begin(), all.end()));
    add(name + "_most", *std::max_element(all.begin(), all.end()));
  }

  void print() const {
    if (communicator_.rank() != 0) return;
    std::printf("{\"measurement\": \"%s\"", measurement_.c_str());
    for (const auto& [name, value] : values_) std::printf(", \"%s\": %.9g", name.c_str(), value);
    std::printf("}\n");
    std::fflush(stdout);
  }

 private:
  Communicator communicator_;
  std::string measurement_;
  std::map<std::string, double> values_;
};

/// Runs `work` on all ranks between two barriers and returns the seconds in between. Collective.
template <class Work>
double seconds_of_all(const Communicator& communicator, const Work& work) {
  communicator.barrier();
  const double start = now();
  work();
  communicator.barrier();
  return now() - start;
}

// --- the counter ---

/// What rank 0, where the counter lives, does while the others ask it for blocks as fast as they can.
enum class RankZero {
  asks,      ///< as they do
  waits,     ///< in MPI
  computes,  ///< blocks without a call into MPI
  attends    ///< the same, beside parallel::Attention
};

constexpr double block_of_rank_zero = 0.04;  // seconds; a default block of a fast problem
constexpr double counter_seconds = 1.0;
constexpr std::int64_t most_hand_outs = std::int64_t{1} << 21;

void compute(double seconds) {
  const double end = now() + seconds;
  while (now() < end) {
  }
}

/// Until time is up or there are no more blocks; the seconds of each hand-out.
std::vector<float> ask(BlockCounter& counter, const Communicator& communicator, RankZero zero) {
  std::vector<float> waits;
  const bool works = communicator.rank() == 0 && (zero == RankZero::computes || zero == RankZero::attends);
  const double end = now() + counter_seconds;
  for (bool more = true; more && now() < end;) {
    const double start = now();
    more = counter.next().has_value();
    waits.push_back(static_cast<float>(now() - start));
    if (!works) continue;
    std::optional<parallel::Attention> attention;
    if (zero == RankZero::attends) attention.emplace(communicator);
    compute(block_of_rank_zero);
  }
  return waits;
}

/// Where rank 0 does not ask like the others, its own hand-outs are not counted.
void measure_counter(RankZero zero, const Communicator& communicator, Report& report) {
  BlockCounter counter(communicator, {sweep::Share::all(most_hand_outs), 1});
  std::vector<float> waits;
  double own = 0.0;
  seconds_of_all(communicator, [&] {
    const double start = now();
    if (communicator.rank() != 0 || zero != RankZero::waits) waits = ask(counter, communicator, zero);
    own = now() - start;
  });
  if (communicator.rank() == 0 && zero != RankZero::asks) {
    waits.clear();
    own = 0.0;
  }
  double waited = 0.0, worst = 0.0;
  for (const float wait : waits) {
    waited += wait;
    worst = std::max<double>(worst, wait);
  }
  const auto sums = communicator.sum(std::vector<double>{waited, static_cast<double>(waits.size())});
  const double seconds = communicator.max(own);
  report.add("hand_outs", sums[1]);
  report.add("seconds_a_hand_out", seconds / std::max(1.0, sums[1]));
  report.add("mean_wait", sums[0] / std::max(1.0, sums[1]));
  report.add("worst_wait", communicator.max(worst));
}

// --- the file ---

/// The sizes of a job's results, known to all ranks; only one of them makes a trainer.
struct Sizes {
  output::NetworkArrays network;
  std::int64_t head_columns = 0;
};

Sizes sizes_of(const job::Job& job, const Communicator& communicator) {
  Sizes sizes;
  at::Tensor numbers = at::zeros({4}, at::kLong);
  parallel::on_rank_zero(communicator, [&] {
    const training::Trainer trainer(job, at::kCPU);
    numbers = at::tensor(
        {trainer.head_features(), trainer.map_parameters(), trainer.scale_terms(), trainer.head_columns()},
        at::kLong);
    sizes.network.trunk = trainer.trunk_arrays();
  });
  communicator.broadcast(numbers);
  const auto* known = numbers.data_ptr<std::int64_t>();
  sizes.network.head_features = known[0];
  sizes.network.map_parameters = known[1];
  sizes.network.scale_terms = known[2];
  sizes.head_columns = known[3];
  return sizes;
}

/// Results of the right shapes for a block of so many points, all of them converged.
training::BlockResult results_of(const job::Job& job, const Sizes& sizes, std::int64_t rows) {
  const std::int64_t n = job.problem.state_size();
  const auto patches = static_cast<std::int64_t>(job.problem.patches.size());
  const auto unknowns = static_cast<std::int64_t>(job.problem.unknowns.size());
  const auto derived = static_cast<std::int64_t>(job.problem.derived.size());
  const auto points = static_cast<std::int64_t>(job.output_points().size());
  const auto numbers = [](std::vector<std::int64_t> shape) { return at::rand(shape, at::kDouble); };
  training::BlockResult result;
  result.solution = numbers({n, rows, points});
  result.matching = numbers({unknowns, rows, points});
  result.coefficients = numbers({patches * n, rows, points});
  result.limits = numbers({patches * n, rows});
  result.crossovers = numbers({patches - 1, rows});
  result.derived = numbers({derived, rows});
  result.status = at::full({rows}, static_cast<int>(training::Status::converged), at::kByte);
  for (at::Tensor* values : {&result.defect, &result.error_estimate, &result.reference_error,
                             &result.matching_error, &result.seconds})
    *values = numbers({rows});
  result.iterations = at::ones({rows}, at::kInt);
  result.rescue = at::zeros({rows}, at::kByte);
  result.head = numbers({rows, sizes.network.head_features, sizes.head_columns});
  result.map = numbers({rows, patches, sizes.network.map_parameters});
  result.scale = numbers({rows, patches * n, sizes.network.scale_terms});
  return result;
}

/// A job, its space, and a file that does not outlive it.
struct Scan {
  Scan(const Options& options, std::int64_t points, const Communicator& communicator_)
      : communicator(communicator_),
        job(job_of(options, points)),
        space(job),
        share(sweep::Share::all(space.size())),
        sizes(sizes_of(job, communicator)),
        provenance{job::resolved_yaml(job), job::job_hash(job), "0", "benchmark"},
        path((std::filesystem::path(options.directory) / "gluesweep_scaling.h5").string()) {
    run.resume = true;
  }
  ~Scan() {
    if (communicator.rank() == 0) std::remove(path.c_str());
  }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  static job::Job job_of(const Options& options, std::int64_t points) {
    std::vector<std::string> overrides = options.overrides;
    overrides.push_back("sweep.samples=" + std::to_string(points));
    return job::read_job(options.job, overrides);
  }

  /// As gluesweep run plans it, with or without an existing file. Collective.
  sweep::Schedule schedule() const {
    const auto start = cli::decide_start(run, path, share, provenance, communicator);
    return cli::make_schedule(run, start, path, job, share, communicator);
  }

  /// What rank 0 does alone before all fill the file: structure, space, sample ids.
  void create_and_remove() const {
    if (communicator.rank() != 0) return;
    const auto layout = output::make_layout(job, share, sizes.network);
    output::create_file({path,
                         job,
                         space,
                         sizes.network,
                         provenance,
                         layout,
                         communicator.size(),
                         {},
                         output::Parameters::left_out});
    std::filesystem::remove(path);
  }
  output::SweepFile create() const {
    return output::SweepFile::create(communicator, path, job, space, share, sizes.network, provenance);
  }
  output::SweepFile open() const {
    return output::SweepFile::open(communicator, path, job, share, sizes.network, provenance);
  }

  Communicator communicator;
  job::Job job;
  sweep::ParameterSpace space;
  sweep::Share share;
  Sizes sizes;
  output::Provenance provenance;
  std::string path;
  cli::RunOptions run;
};

/// Calls into the system that read and wrote so far, by this process; 0 where the system does not count them.
struct Calls {
  double reads = 0.0, writes = 0.0;
};

Calls calls_so_far() {
  std::ifstream file("/proc/self/io");
  Calls calls;
  std::string name;
  for (double value = 0.0; file >> name >> value;) {
    if (name == "syscr:") calls.reads = value;
    if (name == "syscw:") calls.writes = value;
  }
  return calls;
}

/// Writes the blocks of a schedule, the rank's own by its number: no counter. Reports time, calls and bytes.
void write_all(output::SweepFile& file, const Scan& scan, const sweep::Schedule& schedule, Report& report) {
  const auto result = results_of(scan.job, scan.sizes, scan.job.run.block);
  const Communicator& communicator = scan.communicator;
  std::int64_t blocks = 0;
  double spent = 0.0;
  const Calls before = calls_so_far();
  const double seconds = seconds_of_all(communicator, [&] {
    for (std::int64_t i = communicator.rank(); i < schedule.size(); i += communicator.size()) {
      const sweep::Block block = schedule.at(i);
      const at::Tensor swept = scan.space.swept(scan.space.block(block.first, block.count));
      const double start = now();
      file.write(block, swept, result);
      spent += now() - start;
      ++blocks;
    }
  });
  const Calls after = calls_so_far();
  const double own = static_cast<double>(std::max<std::int64_t>(1, blocks));
  report.add("blocks", static_cast<double>(schedule.size()));
  report.add("write", seconds);
  report.add_over_ranks("write_a_block", spent / own);
  report.add_over_ranks("write_calls_a_block", (after.writes - before.writes) / own);
  report.add_over_ranks("read_calls_a_block", (after.reads - before.reads) / own);
}

double force_to_disk(const std::string& path) {
  const double start = now();
  const int file = ::open(path.c_str(), O_RDWR);
  if (file < 0 || ::fsync(file) != 0) throw std::runtime_error("cannot force " + path + " to the disk");
  ::close(file);
  return now() - start;
}

/// A run that ends one block short of the end, and one that goes on.
void measure_file(const Options& options, const Communicator& communicator, Report& report) {
  const Scan scan(options, options.points, communicator);
  if (scan.share.count % scan.job.run.block != 0)
    throw job::InputError("--points wants a multiple of run.block, not " + std::to_string(scan.share.count));
  std::optional<sweep::Schedule> all, rest;
  std::optional<output::SweepFile> file;
  report.add("points", static_cast<double>(scan.share.count));
  report.add("plan", seconds_of_all(communicator, [&] { all = scan.schedule(); }));
  report.add("create_alone", seconds_of_all(communicator, [&] { scan.create_and_remove(); }));
  report.add("create", seconds_of_all(communicator, [&] { file.emplace(scan.create()); }));
  std::vector<std::uint32_t> but_last = all->order();
  but_last.pop_back();
  all->set_order(but_last);
  write_all(*file, scan, *all, report);
  report.add("close", seconds_of_all(communicator, [&] { file->close(); }));
  file.reset();
  report.add("bytes", static_cast<double>(std::filesystem::file_size(scan.path)));
  report.add("force_to_disk", communicator.rank() == 0 ? force_to_disk(scan.path) : 0.0);

  report.add("plan_resumed", seconds_of_all(communicator, [&] { rest = scan.schedule(); }));
  if (rest->size() != 1)
    throw std::logic_error("one block was left out, not " + std::to_string(rest->size()));
  const Calls before = calls_so_far();
  report.add("open", seconds_of_all(communicator, [&] { file.emplace(scan.open()); }));
  report.add_over_ranks("read_calls_to_open", calls_so_far().reads - before.reads);
  file->close();
  file.reset();
  report.add("summarize", seconds_of_all(communicator, [&] {
               parallel::on_rank_zero(communicator, [&] { cli::summarize(scan.path); });
             }));
}

// --- whole sweeps ---

/// Like `gluesweep run`, but a block's training is a wait of `seconds`, give or take a fifth.
void measure_sweep(const Options& options, const Communicator& communicator, Report& report) {
  const std::int64_t block_size = job::read_job(options.job, options.overrides).run.block;
  const Scan scan(options, block_size * options.blocks * communicator.size(), communicator);
  const auto result = results_of(scan.job, scan.sizes, scan.job.run.block);
  const sweep::Train wait = [&](const at::Tensor& /*parameters*/, const sweep::Block& block) {
    const auto bits =
        sweep::random_bits(7, sweep::Purpose::jitter, 0, static_cast<std::uint64_t>(block.index));
    const double share = 0.8 + 0.4 * sweep::to_open_unit(bits);
    std::this_thread::sleep_for(std::chrono::duration<double>(share * options.seconds));
    return result;
  };
  communicator.barrier();
  const double start = now();
  auto schedule = scan.schedule();
  auto file = scan.create();
  const double created = now();
  BlockCounter counter(communicator, std::move(schedule));
  cli::Progress progress(
      {[&](const sweep::Tally& tally) { counter.add(tally); }, [&] { return counter.totals(); }}, {},
      scan.share.count, cli::ProgressStyle::none, nullptr, 0, now);
  auto summary = sweep::run_sweep(scan.space, counter, wait, file, progress);
  const double waiting = now();
  cli::wait_for_all(communicator, [&] { progress.refresh(); });
  summary.tail_seconds = now() - waiting;
  file.close();
  report.add("wall", communicator.max(now() - start));
  report.add("create", communicator.max(created - start));
  report.add("points", static_cast<double>(scan.share.count));
  report.add_over_ranks("blocks", static_cast<double>(summary.blocks));
  report.add_over_ranks("busy", summary.busy_seconds);
  report.add_over_ranks("writing", summary.write_seconds);
  report.add_over_ranks("waiting", summary.wait_seconds);
  report.add_over_ranks("tail", summary.tail_seconds);
}

void run(const Options& options, const Communicator& communicator) {
  const std::map<std::string, RankZero> counters{{"counter-asks", RankZero::asks},
                                                 {"counter-waits", RankZero::waits},
                                                 {"counter-computes", RankZero::computes},
                                                 {"counter-attends", RankZero::attends}};
  for (const std::string& name : options.measurements) {
    Report report(communicator, name);
    if (const auto found = counters.find(name); found != counters.end()) {
      measure_counter(found->second, communicator, report);
    } else if (name == "file") {
      measure_file(options, communicator, report);
    } else if (name == "sweep") {
      measure_sweep(options, communicator, report);
    } else {
      throw job::InputError("there is no measurement '" + name + "'; see the head of scaling.cpp");
    }
    report.print();
  }
}

}  // namespace
}  // namespace gluesweep::benchmark

int main(int argc, char** argv) {
  using namespace gluesweep;
  const parallel::MpiSession session(&argc, &argv);
  try {
    benchmark::run(benchmark::parse({argv + 1, argv + argc}), parallel::Communicator::world());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "benchmark_scaling: %s\n", error.what());
    session.abort(2);
  }
}
