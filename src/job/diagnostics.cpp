#include "diagnostics.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gluesweep/job/error.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

constexpr std::size_t longest_excerpt = 120;
constexpr std::size_t longest_place = 100;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string_view line_of(const std::string& text, int line) {
  std::size_t start = 0;
  for (int i = 0; i < line; ++i) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) return {};
    start = end + 1;
  }
  std::string_view rest = std::string_view(text).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  while (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return first_bad_byte(result) ? std::string() : result;
}

/// The source line and a caret under `column`, indented by four; the surroundings only of a very long line.
std::string excerpt(std::string_view line, std::size_t column) {
  column = std::min(column, line.size());
  std::size_t first = std::min(line.find_first_not_of(" \t"), column);
  std::string before, after;
  std::size_t last = line.size();
  if (last - first > longest_excerpt) {
    if (column - first > longest_excerpt / 2) {
      first = column - longest_excerpt / 2;
      before = "...";
    }
    if (last - first > longest_excerpt) {
      last = first + longest_excerpt;
      after = "...";
    }
    while (first < column && is_continuation(line[first])) ++first;
    while (last > column && last < line.size() && is_continuation(line[last])) --last;
  }
  const std::string shown = printable(line.substr(first, last - first));
  if (shown.empty()) return {};
  const std::size_t indent = before.size() + characters(line.substr(first, column - first));
  return "\n    " + before + shown + after + "\n    " + std::string(indent, ' ') + "^";
}

}  // namespace

std::string place_text(const Place& place) {
  if (!place.source->is_file) return clipped(place.source->name, longest_place);
  const std::string_view line = line_of(place.source->text, place.line);
  const std::size_t column = std::min(static_cast<std::size_t>(std::max(place.column, 0)), line.size());
  return place.source->name + ":" + std::to_string(place.line + 1) + ":" +
         std::to_string(characters(line.substr(0, column)) + 1);
}

void fail(const Place& place, const std::string& path, const std::string& problem,
          const std::string& remedy) {
  std::string message =
      place_text(place) + ": " + (path.empty() ? "" : clipped(escaped(path), longest_place) + ": ") + problem;
  // An override shows its value in the place already; a caret helps only inside of it.
  if (place.source->is_file || place.column > 0) {
    message +=
        excerpt(line_of(place.source->text, place.line), static_cast<std::size_t>(std::max(place.column, 0)));
  }
  throw InputError(message + "\n  " + remedy);
}

FileContent read_file(const std::string& path, std::size_t most) {
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rb"));
  if (!file) return {{}, std::strerror(errno)};
  struct stat status {};
  if (::fstat(::fileno(file.get()), &status) != 0) return {{}, std::strerror(errno)};
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return {{}, "it is a device"};
  std::string text;
  std::array<char, 65536> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), count);
    if (text.size() > most) return {{}, "it has more than " + std::to_string(most >> 20U) + " MiB"};
  }
  // Opening a directory goes well, reading it does not.
  if (std::ferror(file.get()) != 0) return {{}, std::strerror(errno)};
  return {std::move(text), {}};
}

std::string child_path(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

}  // namespace gluesweep::job
