#include <iostream>
#include <variant>

#include "collective.hpp"
#include "gluesweep/cli/commands.hpp"
#include "gluesweep/cli/version.hpp"
#include "gluesweep/problem/processor.hpp"

namespace gluesweep::cli {
namespace {

class Executor {
 public:
  explicit Executor(const parallel::Communicator& communicator) : communicator_(communicator) {}

  ExitCode operator()(const HelpRequest& request) const { return print(request.text); }
  ExitCode operator()(const VersionRequest& /*request*/) const { return print(version_text()); }
  ExitCode operator()(const RunOptions& options) const {
    find_processor();
    return run_command(options, communicator_);
  }
  ExitCode operator()(const CheckOptions& options) const {
    find_processor();
    return check_command(options, communicator_);
  }
  ExitCode operator()(const CompareOptions& options) const {
    find_processor();
    return compare_command(options, communicator_);
  }
  ExitCode operator()(const ShowOptions& options) const { return show_command(options, communicator_); }
  ExitCode operator()(const MergeOptions& options) const { return merge_command(options, communicator_); }
  ExitCode operator()(const EmulateOptions& options) const {
    find_processor();
    return emulate_command(options, communicator_);
  }
  ExitCode operator()(const PredictOptions& options) const {
    find_processor();
    return predict_command(options, communicator_);
  }
  ExitCode operator()(const DiagnoseOptions& options) const {
    find_processor();
    return diagnose_command(options, communicator_);
  }
  ExitCode operator()(const RefineOptions& options) const {
    find_processor();
    return refine_command(options, communicator_);
  }

 private:
  /// Before anything else: a wish that cannot be granted ends the program on all ranks.
  void find_processor() const {
    on_every_rank(communicator_, [] { problem::processor(); });
  }

  ExitCode print(const std::string& text) const {
    if (communicator_.rank() == 0) std::cout << text << std::flush;
    return ExitCode::complete;
  }

  const parallel::Communicator& communicator_;
};

}  // namespace

ExitCode execute(const std::vector<std::string>& arguments, const parallel::Communicator& communicator) {
  return std::visit(Executor(communicator), parse_arguments(arguments));
}

}  // namespace gluesweep::cli
