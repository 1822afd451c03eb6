#pragma once

#include <cstdint>
#include <string>

#include "gluesweep/sweep/schedule.hpp"

/// The place where a file is to be created: what stands there, whether it will fit, how it gets its name.
namespace gluesweep::output {

/// What may stand at a path where a file is to be created.
enum class Target { nothing, a_file_to_replace };

/// Throws job::InputError unless a file of `bytes` can be created at `path`: the directory exists, is
/// writable and has the space, and nothing stands there unless it is to be replaced. Cheap; to be called
/// before any work.
void check_target(const std::string& path, std::int64_t bytes, Target target = Target::nothing);

/// What stands at a path.
struct Existing {
  enum class Kind { nothing, sweep_file, other };
  Kind kind = Kind::nothing;
  std::string reason;    ///< other: why it is not a sweep file that can be read
  std::string job_hash;  ///< sweep file: of its job
  std::string version;   ///< and the gluesweep that began it
  sweep::Share share;
  sweep::Tally tally;

  bool complete() const { return tally.of(training::Status::pending) == 0; }
};
Existing examine(const std::string& path);

/// Where the symbolic links of a file's name lead: locks, space and renames concern that file.
std::string real_path(const std::string& path);

/// The temporary name of a file while it is created.
std::string temporary_name(const std::string& path);

/// Removes what killed runs left while they created `path`. For the only one that may create it now.
void remove_leftovers(const std::string& path);

/// Gives the finished file its name. With Target::nothing it never replaces one: throws job::InputError if it
/// is taken by now.
void publish(const std::string& temporary, const std::string& path, Target target = Target::nothing);

}  // namespace gluesweep::output
