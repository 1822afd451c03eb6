#include <iostream>

#include "diagnosis.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/output/target.hpp"

namespace gluesweep::cli {

ExitCode diagnose_command(const DiagnoseOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] {
    constexpr std::int64_t roughly = 4 << 20;  // bytes that a diagnosis takes, before it is known
    if (!options.output.empty()) output::check_target(options.output, roughly);
    const auto found = diagnose(options);
    if (!options.output.empty()) write_diagnosis_file(options.output, found, options);
    std::cout << diagnosis_text(found) << std::flush;
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
