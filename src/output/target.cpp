#include "gluesweep/output/target.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "gluesweep/job/error.hpp"
#include "gluesweep/output/sweep_reader.hpp"

namespace gluesweep::output {
namespace {

namespace fs = std::filesystem;

constexpr const char* temporary_mark = ".creating-";

std::string in_megabytes(double bytes) {
  return std::to_string(static_cast<std::int64_t>(bytes / 1.0e6) + 1) + " MB";
}

fs::path directory_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// The file is created under a longer name.
void check_length(const std::string& path, const fs::path& directory) {
  constexpr long longest_ending = 20;  // ".creating-" and a process's number
  const long most = ::pathconf(directory.c_str(), _PC_NAME_MAX) - longest_ending;
  const std::string name = fs::path(path).filename().string();
  if (most < 0 || static_cast<long>(name.size()) <= most) return;
  throw job::InputError("a file of the name " + name.substr(0, 40) + "... cannot be created: it has " +
                        std::to_string(name.size()) + " characters, and at most " + std::to_string(most) +
                        " are accepted here: choose a shorter name with -o");
}

}  // namespace

void check_target(const std::string& path, std::int64_t bytes, Target target) {
  const fs::path file(path);
  if (!file.has_filename()) {
    throw job::InputError("'" + path +
                          "' is not a file name for the results: give one with -o, e.g. -o sweep.h5");
  }
  std::error_code problem;
  if (target == Target::nothing && fs::exists(file, problem)) {
    throw job::InputError(
        path +
        " exists already, and results are never overwritten: choose another name with -o, or "
        "move the file away");
  }
  const fs::path directory = directory_of(file);
  check_length(path, directory);
  if (!fs::is_directory(directory, problem)) {
    throw job::InputError(path + " cannot be created: there is no directory " + directory.string() +
                          ": create it with mkdir -p, or choose another name with -o");
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw job::InputError(path + " cannot be created: the directory " + directory.string() +
                          " is not writable: choose another one with -o");
  }
  const fs::space_info space = fs::space(directory, problem);
  if (!problem && space.available < static_cast<std::uintmax_t>(bytes)) {
    throw job::InputError(
        path + " will need " + in_megabytes(static_cast<double>(bytes)) + ", but its file system has " +
        in_megabytes(static_cast<double>(space.available)) +
        " left: choose another directory with -o, fewer sweep.samples or output.points, or a shorter "
        "list in output.store");
  }
}

Existing examine(const std::string& path) {
  Existing found;
  std::error_code problem;
  if (!fs::exists(fs::symlink_status(path, problem))) return found;
  try {
    const SweepReader reader(path);
    found.kind = Existing::Kind::sweep_file;
    found.job_hash = reader.text("job_hash");
    found.version = reader.text("source") + " (" + reader.text("git_commit") + ")";
    found.share = reader.share();
    found.tally = reader.tally();
  } catch (const std::exception& error) {
    found.kind = Existing::Kind::other;
    found.reason = error.what();
  }
  return found;
}

std::string real_path(const std::string& path) {
  std::error_code problem;
  if (!fs::is_symlink(path, problem)) return path;
  const fs::path real = fs::canonical(path, problem);
  return problem ? path : real.string();
}

std::string temporary_name(const std::string& path) {
  return path + temporary_mark + std::to_string(::getpid());
}

void remove_leftovers(const std::string& path) {
  const std::string start = fs::path(path).filename().string() + temporary_mark;
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(directory_of(path), ignored)) {
    if (entry.path().filename().string().rfind(start, 0) == 0) leftovers.push_back(entry.path());
  }
  for (const fs::path& leftover : leftovers) fs::remove(leftover, ignored);
}

void publish(const std::string& temporary, const std::string& path, Target target) {
  if (target == Target::a_file_to_replace) return fs::rename(temporary, path);
  // A hard link fails if the name is taken, at whatever moment that happened; rename does not.
  if (::link(temporary.c_str(), path.c_str()) == 0) {
    fs::remove(temporary);
    return;
  }
  if (errno == EEXIST) {
    throw job::InputError(path +
                          " came into being while this program was creating it: choose another name with -o");
  }
  fs::rename(temporary, path);  // a file system without hard links
}

}  // namespace gluesweep::output
