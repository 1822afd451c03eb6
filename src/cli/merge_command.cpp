#include <iostream>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/summary.hpp"
#include "gluesweep/output/merge.hpp"
#include "summarize.hpp"

namespace gluesweep::cli {

ExitCode merge_command(const MergeOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] {
    const auto style = options.refer ? output::MergeStyle::refer : output::MergeStyle::copy;
    output::merge(options.files, options.output, style);
    std::cout << summary_text(summarize(options.output), options.output) << std::flush;
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
