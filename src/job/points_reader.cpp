#include "points_reader.hpp"

#include <algorithm>

#include "gluesweep/job/error.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

constexpr std::size_t largest_list = std::size_t{4} << 30U;  // some 100 million points

struct Cell {
  std::string_view text;
  Place place;
};

/// Splits a line at its commas, without the blanks around each cell.
std::vector<Cell> cells_of(std::string_view line, const std::shared_ptr<const Source>& source, int number) {
  std::vector<Cell> cells;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = std::min(line.find(',', start), line.size());
    const std::size_t first = std::min(line.find_first_not_of(" \t", start), comma);
    const std::size_t last = line.substr(0, comma).find_last_not_of(" \t");
    const std::size_t length = last == std::string_view::npos || last < first ? 0 : last + 1 - first;
    cells.push_back({line.substr(first, length), {source, number, static_cast<int>(first)}});
    if (comma == line.size()) return cells;
    start = comma + 1;
  }
}

class PointsReader {
 public:
  PointsReader(std::shared_ptr<const Source> source, const std::string& path,
               const std::vector<std::string>& parameters)
      : source_(std::move(source)), path_(path), parameters_(parameters) {}

  PointTable read() {
    const std::string_view text = source_->text;
    std::size_t start = 0;
    for (int number = 0; start < text.size(); ++number) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      std::string_view line = text.substr(start, end - start);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      start = end + 1;
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      if (table_.columns.empty()) {
        read_header(cells_of(line, source_, number));
      } else {
        read_row(cells_of(line, source_, number));
      }
    }
    if (table_.columns.empty() || table_.values[0].empty()) {
      fail({source_, 0, 0}, path_,
           table_.columns.empty() ? "the file is empty" : "the file has a header but no points",
           "give a header of parameter names, then one line of numbers a point");
    }
    return std::move(table_);
  }

 private:
  void read_header(const std::vector<Cell>& cells) {
    for (const Cell& cell : cells) {
      const std::string name(cell.text);
      if (looks_like_number(name)) {
        fail(cell.place, path_, "the first line must name the columns; " + in_quotes(name) + " is a number",
             "add a header with parameters of the problem: " + joined(parameters_));
      }
      if (std::find(parameters_.begin(), parameters_.end(), name) == parameters_.end()) {
        fail(cell.place, path_, "unknown column " + in_quotes(name) + suggestion(name, parameters_),
             parameters_.empty() ? "the problem has no parameters"
                                 : "the header names parameters of the problem: " + joined(parameters_));
      }
      if (std::find(table_.columns.begin(), table_.columns.end(), name) != table_.columns.end()) {
        fail(cell.place, path_, "duplicate column " + in_quotes(name), "give every parameter once");
      }
      table_.columns.push_back(name);
    }
    table_.values.resize(cells.size());
  }

  void read_row(const std::vector<Cell>& cells) {
    const std::size_t expected = table_.columns.size();
    if (cells.size() != expected) {
      const Place place = cells.size() > expected ? cells[expected].place : cells.back().place;
      fail(place, path_,
           "this line has " + plural(static_cast<std::int64_t>(cells.size()), "field") + ", the header has " +
               std::to_string(expected),
           "give one number per column: " + joined(table_.columns));
    }
    for (std::size_t i = 0; i < expected; ++i) {
      const std::optional<double> value = parse_number(cells[i].text);
      if (!value) {
        const std::string needed = looks_like_number(cells[i].text) ? "a finite number" : "a number";
        fail(cells[i].place, path_,
             "column " + std::to_string(i + 1) + " (" + table_.columns[i] + "): " + needed +
                 " is needed, not " + in_quotes(cells[i].text),
             "write it like 0.5 or 1e-3");
      }
      table_.values[i].push_back(*value);
    }
  }

  std::shared_ptr<const Source> source_;
  std::string path_;
  std::vector<std::string> parameters_;
  PointTable table_;
};

PointTable table_of(const std::string& path, const std::string& key, std::string text,
                    const std::vector<std::string>& parameters) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.erase(0, 3);
  Source source{path, std::move(text), true};
  return PointsReader(std::make_shared<Source>(std::move(source)), key, parameters).read();
}

}  // namespace

PointTable read_points(const Field& file, const std::string& path,
                       const std::vector<std::string>& parameters) {
  FileContent content = read_file(path, largest_list);
  if (!content.text) {
    file.fail("the points cannot be read: " + clipped(path, 300) + ": " + content.why,
              "the path is relative to the job file");
  }
  return table_of(path, file.path(), std::move(*content.text), parameters);
}

PointTable read_point_table(const std::string& path, const std::string& option,
                            const std::vector<std::string>& parameters) {
  FileContent content = read_file(path, largest_list);
  if (!content.text) {
    throw InputError(option + ": the points cannot be read: " + clipped(path, 300) + ": " + content.why +
                     "; give the path of a CSV file");
  }
  return table_of(path, option, std::move(*content.text), parameters);
}

}  // namespace gluesweep::job
