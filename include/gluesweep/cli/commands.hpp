#pragma once

#include "gluesweep/cli/exit_code.hpp"
#include "gluesweep/cli/options.hpp"
#include "gluesweep/parallel/communicator.hpp"

/// What the program does. All are collective, and return or throw the same on every rank. job::InputError
/// means bad input; nothing was created then.
namespace gluesweep::cli {

ExitCode run_command(const RunOptions& options, const parallel::Communicator& communicator);
ExitCode check_command(const CheckOptions& options, const parallel::Communicator& communicator);
ExitCode compare_command(const CompareOptions& options, const parallel::Communicator& communicator);
ExitCode merge_command(const MergeOptions& options, const parallel::Communicator& communicator);
ExitCode emulate_command(const EmulateOptions& options, const parallel::Communicator& communicator);
ExitCode predict_command(const PredictOptions& options, const parallel::Communicator& communicator);
ExitCode diagnose_command(const DiagnoseOptions& options, const parallel::Communicator& communicator);
ExitCode refine_command(const RefineOptions& options, const parallel::Communicator& communicator);
ExitCode show_command(const ShowOptions& options, const parallel::Communicator& communicator);

/// Parses the arguments (without the program's name) and does what they ask for.
ExitCode execute(const std::vector<std::string>& arguments, const parallel::Communicator& communicator);

}  // namespace gluesweep::cli
