#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/parallel/communicator.hpp"

int main(int argc, char** argv) {
  using namespace gluesweep;
  // A file beyond the limit of its size is an error of the write, with a message, not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  const parallel::MpiSession session(&argc, &argv);
  const auto world = parallel::Communicator::world();
  auto code = cli::ExitCode::internal_error;
  try {
    code = cli::execute({argv + 1, argv + argc}, world);
  } catch (const job::InputError& error) {
    // Found by all ranks together, see cli/commands.hpp.
    if (world.rank() == 0) std::cerr << error.what() << std::endl;
    code = cli::ExitCode::bad_input;
  } catch (const parallel::CommonError& error) {
    if (world.rank() == 0) std::cerr << "gluesweep: error: " << error.what() << std::endl;
    // Not by way of MPI_Finalize: HDF5 closes its files there, and crashes on one it failed to write.
    world.barrier();
    session.abort(static_cast<int>(code));
  } catch (const std::exception& error) {
    // The other ranks may be waiting for this one, so it ends them all.
    std::cerr << "gluesweep: error on rank " << world.rank() << " of " << world.size() << ": " << error.what()
              << std::endl;
    session.abort(static_cast<int>(code));
  }
  return static_cast<int>(code);
}
