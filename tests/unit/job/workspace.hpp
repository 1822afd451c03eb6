#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"

namespace gluesweep::job {

/// A temporary copy of tests/data/jobs to edit, removed at the end.
class Workspace {
 public:
  Workspace() {
    std::string name = (std::filesystem::temp_directory_path() / "gluesweep_job_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    std::filesystem::copy(std::string(GLUESWEEP_TEST_DATA) + "/jobs", directory_);
  }
  ~Workspace() { std::filesystem::remove_all(directory_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  std::string path(const std::string& file) const { return directory_ + "/" + file; }

  std::string text(const std::string& file) const {
    std::ifstream stream(path(file), std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    return content.str();
  }

  void write(const std::string& file, const std::string& content) const {
    std::ofstream(path(file), std::ios::binary) << content;
  }

  /// Replaces the first `from` (null: everything) in a file by `to`.
  void edit(const std::string& file, const char* from, const std::string& to) const {
    std::string content = to;
    if (from != nullptr) {
      content = text(file);
      const std::size_t at = content.find(from);
      ASSERT_NE(at, std::string::npos) << file << " has no " << from;
      content.replace(at, std::string(from).size(), to);
    }
    write(file, content);
  }

  Job read(const std::string& file, const std::vector<std::string>& overrides = {}) const {
    return read_job(path(file), overrides);
  }

  /// The error of reading a job, without the temporary directory's name.
  std::string message(const std::string& file, const std::vector<std::string>& overrides = {}) const {
    try {
      read(file, overrides);
    } catch (const InputError& error) {
      std::string what = error.what();
      const std::string prefix = directory_ + "/";
      for (std::size_t at = what.find(prefix); at != std::string::npos; at = what.find(prefix)) {
        what.erase(at, prefix.size());
      }
      return what;
    }
    return "no error";
  }

 private:
  std::string directory_;
};

/// The job whose reading sees a file of the workspace.
inline std::string job_of(const std::string& file, const std::string& what = "") {
  if (file == "points.csv" || what.rfind("list ", 0) == 0) return "listed.yaml";
  return file == "mixed_order_decay_problem.yaml" ? "mixed_order_decay.yaml" : file;
}

}  // namespace gluesweep::job
