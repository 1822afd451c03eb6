#include "plan.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "gluesweep/job/reader.hpp"
#include "gluesweep/sweep/driver.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

// What a process takes before it trains anything: LibTorch, MPI, HDF5 and their buffers.
constexpr std::int64_t base_bytes = 150'000'000;

bool has_list(const job::Job& job) { return job.sweep.sampler == job::Sampler::list; }

/// The values of a list, one row per column of the CSV; empty for other samplers.
at::Tensor list_values(const job::Job& job) {
  std::vector<at::Tensor> columns;
  for (const auto& parameter : job.sweep.parameters) {
    if (parameter.kind == job::SweptParameter::Kind::values) {
      columns.push_back(at::tensor(parameter.values, at::kDouble));
    }
  }
  return columns.empty() ? at::empty({0, 0}, at::kDouble) : at::stack(columns);
}

std::vector<std::vector<double>> as_vectors(const at::Tensor& values) {
  std::vector<std::vector<double>> result;
  for (std::int64_t row = 0; row < values.size(0); ++row) {
    const auto* first = values[row].data_ptr<double>();
    result.emplace_back(first, first + values.size(1));
  }
  return result;
}

std::string parameter_text(const job::SweptParameter& parameter) {
  using Kind = job::SweptParameter::Kind;
  if (parameter.kind == Kind::fixed) return parameter.name + " = " + exact(parameter.fixed);
  if (parameter.kind == Kind::values)
    return parameter.name + " (" + grouped(static_cast<std::int64_t>(parameter.values.size())) + " values)";
  std::string text = parameter.name + " " + exact(parameter.low) + " to " + exact(parameter.high);
  if (parameter.scale == job::Scale::log) text += " log";
  return text;
}

std::string sampler_text(job::Sampler sampler) {
  switch (sampler) {
    case job::Sampler::grid: return "a grid";
    case job::Sampler::sobol: return "a Sobol sequence";
    case job::Sampler::latin_hypercube: return "a Latin hypercube";
    case job::Sampler::random: return "random points";
    case job::Sampler::list: return "a list";
  }
  return "";
}

std::string plan_line(const std::string& name, const std::string& text) { return line(name, text, 10); }

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  // Training frees and takes arrays of some megabytes all the time. Handing them back to the system each
  // time, as glibc does by default, costs a seventh of the run in page faults.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void limit_threads() {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  at::set_num_threads(1);
  // OpenBLAS made its threads when it was loaded; its environment variable would come too late.
  using SetThreads = void (*)(int);
  auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set_threads != nullptr) set_threads(1);
}

job::Job read_job_everywhere(const parallel::Communicator& communicator, const std::string& path,
                             const std::vector<std::string>& overrides, const std::string& device) {
  std::string text, shape;
  at::Tensor list;
  parallel::on_rank_zero(communicator, [&] {
    std::vector<std::string> all = overrides;
    if (!device.empty()) all.push_back("run.device=" + device);
    const job::Job job = job::read_job(path, all);
    text = job::resolved_yaml(job);
    if (has_list(job)) list = list_values(job);
    if (list.defined()) shape = std::to_string(list.size(0)) + " " + std::to_string(list.size(1));
  });
  text = communicator.broadcast(text);
  shape = communicator.broadcast(shape);
  if (shape.empty()) return job::parse_resolved(text);
  if (!list.defined()) {
    std::int64_t rows = 0, columns = 0;
    std::istringstream(shape) >> rows >> columns;
    list = at::empty({rows, columns}, at::kDouble);
  }
  communicator.broadcast(list);
  return job::parse_resolved(text, as_vectors(list));
}

std::string output_path(const RunOptions& options) {
  if (!options.output.empty()) return options.output;
  std::string part;
  if (options.parts > 1) part = "." + std::to_string(options.part) + "-of-" + std::to_string(options.parts);
  return std::filesystem::path(options.job).stem().string() + part + ".h5";
}

output::NetworkArrays network_arrays(const job::Job& job, const training::Trainer& trainer) {
  if (job.training.method == job::Training::Method::matching) return {};
  return {trainer.head_features(), trainer.map_parameters(), trainer.scale_terms(), trainer.trunk_arrays()};
}

Plan make_plan(const job::Job& job, const training::Trainer& trainer, const sweep::Share& share, int ranks) {
  Plan plan;
  plan.share = share;
  plan.blocks = sweep::block_count(share.count, job.run.block);
  plan.file_bytes = output::expected_bytes(output::make_layout(job, share, network_arrays(job, trainer)));
  plan.rank_bytes = base_bytes + trainer.peak_bytes(std::min(job.run.block, share.count));
  plan.ranks = ranks;
  return plan;
}

namespace {

std::string trunk_text(const job::Job& job) {
  const auto& network = job.network;
  std::string text;
  if (network.layers > 1) text += ", " + std::to_string(network.layers) + " hidden layers";
  if (network.width > 0) text += ", " + std::to_string(network.width) + " neurons a layer";
  const auto pilots = std::min<std::int64_t>(network.train.points, job.sweep.samples);
  if (pilots > 0) text += ", trained on " + counted(pilots, "point");
  return text;
}

std::string method_text(const job::Job& job) {
  const auto& adam = job.training.adam;
  const auto by_adam = [&](const std::string& what) {
    return "Adam, " + grouped(adam.steps) + " steps on " + what + " of " + std::to_string(adam.layers) +
           " x " + std::to_string(adam.width) + " neurons a point, tolerance " +
           exact(job.training.tolerance);
  };
  const bool sum = job.training.ansatz == job::Training::Ansatz::sum;
  switch (job.training.method) {
    case job::Training::Method::gauss_newton:
      return std::string(sum ? "Gauss-Newton, " : "least squares of the collocation solution, ") +
             std::to_string(job.network.features) + " features" + trunk_text(job) + ", " +
             std::to_string(job.network.elements) + " elements of " + std::to_string(job.network.nodes) +
             " nodes a patch, tolerance " + exact(job.training.tolerance);
    case job::Training::Method::adam: return by_adam("coefficient networks");
    case job::Training::Method::plain: return by_adam("networks for the unknowns, no patches,");
    case job::Training::Method::matching: break;
  }
  return "conventional matching, no network";
}

}  // namespace

std::string plan_text(const job::Job& job, const Plan& plan) {
  std::vector<std::string> parameters;
  for (const auto& parameter : job.sweep.parameters) parameters.push_back(parameter_text(parameter));
  std::string text = plan_line("job", job.problem.name + " (" + plan.job_path + ")");
  std::string points = grouped(plan.share.count);
  if (!plan.share.is_all()) {
    points += " (samples " + grouped(plan.share.first) + " to " +
              grouped(plan.share.first + plan.share.count - 1) + " of " + grouped(plan.share.scan) + ")";
  }
  text += plan_line("points", points + " by " + sampler_text(job.sweep.sampler) +
                                  (parameters.empty() ? "" : ": " + joined(parameters)));
  text += plan_line("method", method_text(job));
  std::string blocks = grouped(plan.blocks) + " of up to " + grouped(job.run.block) + " points, on " +
                       std::to_string(plan.ranks) + (plan.ranks == 1 ? " rank" : " ranks");
  if (plan.blocks < plan.ranks) {
    blocks += " (" + std::to_string(plan.ranks - plan.blocks) +
              " without work: a smaller run.block gives more blocks)";
  }
  text += plan_line("blocks", blocks);
  text += plan_line("device", plan.device);
  text += plan_line("memory", "about " + bytes(static_cast<double>(plan.rank_bytes)) + " a rank");
  if (!plan.file.empty())
    text += plan_line("file", plan.file + ", " + bytes(static_cast<double>(plan.file_bytes)));
  if (!plan.start.empty()) text += plan_line("start", plan.start);
  return text;
}

}  // namespace gluesweep::cli
