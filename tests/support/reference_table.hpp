#pragma once

#include <ATen/ATen.h>

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace gluesweep::test {

/// Independent values from tests/data/reference: a few random points, each at the same places.
struct ReferenceTable {
  std::vector<std::string> names;            ///< p: of the parameters
  at::Tensor parameters;                     ///< (B, p)
  std::vector<double> places;                ///< M values of the variable
  std::map<std::string, at::Tensor> values;  ///< (B, M) per column after parameters and variable
};

/// Reads `<name>.csv`, whose first `parameter_count` columns are parameters and whose next is the variable.
inline ReferenceTable read_reference(const std::string& name, std::size_t parameter_count) {
  const std::string path = std::string(GLUESWEEP_TEST_DATA) + "/reference/" + name + ".csv";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  const auto cells_of = [](std::string line) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::string line;
  std::getline(file, line);
  const auto header = cells_of(line);
  std::vector<std::vector<double>> points;
  std::vector<double> places;
  std::map<std::string, std::vector<double>> values;
  while (std::getline(file, line)) {
    std::vector<double> numbers;
    for (const auto& cell : cells_of(line)) numbers.push_back(std::stod(cell));
    if (numbers.size() != header.size()) throw std::runtime_error(path + ": a row of another length");
    const std::vector<double> point(numbers.begin(),
                                    numbers.begin() + static_cast<std::ptrdiff_t>(parameter_count));
    if (points.empty() || points.back() != point) points.push_back(point);
    places.push_back(numbers[parameter_count]);
    for (std::size_t i = parameter_count + 1; i < header.size(); ++i) values[header[i]].push_back(numbers[i]);
  }
  const auto count = static_cast<std::int64_t>(points.size());
  const auto grid = at::tensor(places, at::kDouble).view({count, -1});
  if (!at::equal(grid, grid.narrow(0, 0, 1).expand_as(grid))) {
    throw std::runtime_error(path + ": the points have different places");
  }
  ReferenceTable table;
  table.names.assign(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(parameter_count));
  std::vector<at::Tensor> rows;
  for (const auto& point : points) rows.push_back(at::tensor(point, at::kDouble));
  table.parameters = at::stack(rows, 0);
  table.places.assign(places.begin(), places.begin() + grid.size(1));
  for (const auto& [column, numbers] : values)
    table.values[column] = at::tensor(numbers, at::kDouble).view_as(grid);
  return table;
}

}  // namespace gluesweep::test
