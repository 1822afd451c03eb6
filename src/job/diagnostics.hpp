#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

/// Where values come from, and the one shape of messages about them.
namespace gluesweep::job {

/// A text that values come from: a file, or one override on the command line.
struct Source {
  std::string name;  ///< as shown: the path as given, or "--set key=value"
  std::string text;
  bool is_file = true;  ///< files have lines and columns; an override is its own place
};

/// Where something was written; line and column count bytes from zero.
struct Place {
  std::shared_ptr<const Source> source;
  int line = 0;
  int column = 0;
};

/// Throws InputError: `name:line:column: path: problem`, the source line with a caret, the remedy.
[[noreturn]] void fail(const Place& place, const std::string& path, const std::string& problem,
                       const std::string& remedy);

/// The first line of such a message, without the rest.
std::string place_text(const Place& place);

/// Larger files are no jobs; what is one mistakes for them (a sweep file) may not fit into memory.
inline constexpr std::size_t largest_job = std::size_t{16} << 20U;

/// The file's content, of at most so many bytes; `why` explains the failure to a user when there is none.
struct FileContent {
  std::optional<std::string> text;
  std::string why;
};
FileContent read_file(const std::string& path, std::size_t most = largest_job);

/// "a.b" from "a" and "b".
std::string child_path(const std::string& path, const std::string& key);

}  // namespace gluesweep::job
