#include <filesystem>
#include <iostream>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "summarize.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

const training::StatusInfo& info_of(training::Status status) {
  for (const auto& info : training::status_table) {
    if (info.status == status) return info;
  }
  return training::status_table.front();
}

std::string values_text(const std::vector<std::string>& names, const std::vector<double>& values,
                        const std::string& equals) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < names.size(); ++i) words.push_back(names[i] + equals + exact(values[i]));
  return joined(words);
}

/// What the statuses that need attention mean.
std::string status_advice(const FileSummary& summary) {
  std::string text;
  for (const auto& info : training::status_table) {
    const bool fine =
        info.status == training::Status::converged || info.status == training::Status::matching_only;
    if (fine || summary.by_status[static_cast<std::size_t>(info.status)] == 0) continue;
    text += "  " + std::string(info.name) + ": " + std::string(info.message) + "\n";
  }
  return text.empty() ? "" : "\nwhat the statuses mean:\n" + text;
}

/// Shell commands that run one point again, from the file alone.
std::string rerun_text(const job::Job& job, const std::vector<std::string>& names, const WorstPoint& point,
                       const std::string& file) {
  std::string parameters = values_text(names, point.parameters, ": ");
  for (const auto& swept : job.sweep.parameters) {
    if (swept.kind != job::SweptParameter::Kind::fixed) continue;
    parameters += (parameters.empty() ? "" : ", ") + swept.name + ": " + exact(swept.fixed);
  }
  const std::string stem = std::filesystem::path(file).stem().string();
  const std::string job_file = stem + "_job.yaml";
  const std::string sweep = "sweep={sampler: grid, parameters: {" + parameters + "}}";
  return "\nto run point " + std::to_string(point.sample) + " alone:\n  gluesweep show " + shell_word(file) +
         " --job > " + shell_word(job_file) + "\n  gluesweep run " + shell_word(job_file) + " --set " +
         shell_word(sweep) + " -o " + shell_word(stem + "_" + std::to_string(point.sample) + ".h5") + "\n";
}

void show(const ShowOptions& options) {
  const output::SweepReader reader(options.file);
  const job::Job job = job::parse_resolved(reader.text("job"), {}, options.file + ", attribute job");
  if (options.job) {
    // Not the text itself: what an older version left out is said, so that a run makes the same of it.
    std::cout << job::resolved_yaml(job) << std::flush;
    return;
  }
  const FileSummary summary = summarize(options.file);
  std::cout << job.problem.name << "\n" << summary_text(summary, options.file) << status_advice(summary);
  const auto worst = worst_points(options.file, options.worst);
  if (!worst.empty()) {
    const std::vector<std::string> names = reader.swept_names();
    std::cout << "\nworst points:\n";
    for (const WorstPoint& point : worst) {
      std::cout << "  point " << point.sample << ": " << info_of(point.status).name << ", estimated error "
                << rough(point.error_estimate) << ", " << values_text(names, point.parameters, " = ") << "\n";
    }
    std::cout << rerun_text(job, names, worst.front(), options.file);
  }
  std::cout << std::flush;
}

}  // namespace

ExitCode show_command(const ShowOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] { show(options); });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
