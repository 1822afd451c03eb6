#include <iostream>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/summary.hpp"
#include "gluesweep/output/merge.hpp"
#include "summarize.hpp"
#include "text.hpp"

namespace gluesweep::cli {

namespace {

std::string carried_text(const output::MergeReport& report) {
  if (report.carried_parts == 0) return "";
  return line("carried over",
              grouped(report.carried_parts) + (report.carried_parts == 1 ? " part was" : " parts were") +
                  " trained on a processor that rounds differently; their networks are expressed "
                  "in the features of the first part, wrong by at most " +
                  rough(report.lost));
}

}  // namespace

ExitCode merge_command(const MergeOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] {
    const auto style = options.refer ? output::MergeStyle::refer : output::MergeStyle::copy;
    const auto report = output::merge(options.files, options.output, style);
    std::cout << summary_text(summarize(options.output), options.output) << carried_text(report)
              << std::flush;
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
