#include "sweep_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "points_reader.hpp"
#include "problem_reader.hpp"
#include "text.hpp"

namespace gluesweep::job {

namespace {

constexpr std::int64_t most_samples = 1'000'000'000;

class SweepReader {
 public:
  SweepReader(const Field& field, const Problem& problem, const PointSource& source)
      : field_(field), problem_(problem), source_(source) {
    for (const Parameter& parameter : problem.parameters) parameter_names_.push_back(parameter.name);
  }

  Sweep read() {
    field_.accept_keys({"sampler", "samples", "seed", "parameters", "file", "columns"});
    sweep_.sampler =
        field_.require("sampler", "accepted: " + joined(names_of<Sampler>()) + "; there is no default")
            .choice<Sampler>();
    refuse_keys_of_other_samplers();
    if (const auto seed = field_.find("seed")) {
      sweep_.seed = static_cast<std::uint64_t>(seed->integer(0, std::numeric_limits<std::int64_t>::max()));
    }
    std::vector<SweptParameter> parameters = read_parameters();
    if (sweep_.sampler == Sampler::list) read_list(parameters);
    sweep_.parameters.insert(sweep_.parameters.end(), parameters.begin(), parameters.end());
    require_parameters_without_default();
    read_samples();
    return std::move(sweep_);
  }

 private:
  std::string sampler() const { return name_of(sweep_.sampler); }

  void refuse_keys_of_other_samplers() const {
    if (sweep_.sampler == Sampler::list) return;
    for (const std::string key : {"file", "columns"}) {
      if (const auto found = field_.find(key)) {
        found->fail_at_key("the key belongs to the sampler list; the sampler is " + sampler(),
                           "remove it or use `sampler: list`");
      }
    }
  }

  std::vector<SweptParameter> read_parameters() const {
    std::vector<SweptParameter> parameters;
    const std::optional<Field> map = field_.find("parameters");
    if (!map) return parameters;
    map->accept_keys(parameter_names_);
    for (const Field& entry : map->entries()) {
      parameters.push_back(entry.kind() == Node::Kind::map ? read_varied(entry) : read_fixed(entry));
    }
    return parameters;
  }

  SweptParameter read_fixed(const Field& entry) const {
    if (!entry.is_number()) {
      entry.fail("a parameter is a number or a mapping with a range",
                 "write " + entry.key() + ": 0.5, or " + entry.key() + ": {range: [0.1, 1], scale: log}");
    }
    SweptParameter parameter;
    parameter.name = entry.key();
    parameter.fixed = entry.number();
    return parameter;
  }

  SweptParameter read_varied(const Field& entry) const {
    entry.accept_keys({"range", "scale", "points", "values"});
    if (sweep_.sampler == Sampler::list) {
      entry.fail("the sampler list takes its values from the file",
                 "give a plain number here, or remove the key");
    }
    if (sweep_.sampler != Sampler::grid) {
      for (const std::string key : {"points", "values"}) {
        if (const auto found = entry.find(key)) {
          found->fail_at_key("the key belongs to the sampler grid; the sampler is " + sampler(),
                             "remove it or use `sampler: grid`");
        }
      }
    }
    return entry.has("values") ? read_values(entry) : read_ranged(entry);
  }

  static SweptParameter read_values(const Field& entry) {
    for (const std::string key : {"range", "scale", "points"}) {
      if (const auto found = entry.find(key)) {
        found->fail_at_key("the key has no meaning beside `values`, which are the points themselves",
                           "remove one of the two");
      }
    }
    SweptParameter parameter;
    parameter.name = entry.key();
    parameter.kind = SweptParameter::Kind::values;
    const Field values = *entry.find("values");
    std::set<double> taken;
    for (const Field& item : values.items()) {
      parameter.values.push_back(item.number());
      if (!taken.insert(parameter.values.back()).second) {
        item.fail("the value " + to_text(parameter.values.back()) + " is given twice",
                  "give every value once");
      }
    }
    if (parameter.values.empty()) values.fail("the list is empty", "give at least one number");
    return parameter;
  }

  SweptParameter read_ranged(const Field& entry) const {
    const bool is_grid = sweep_.sampler == Sampler::grid;
    const Field range =
        entry.require("range", is_grid ? "give range: [low, high] with scale and points, or values: [...]"
                                       : "give range: [low, high] with scale");
    SweptParameter parameter;
    parameter.name = entry.key();
    parameter.kind = SweptParameter::Kind::range;
    parameter.scale =
        entry
            .require("scale",
                     "accepted: linear, log; it decides where the samples lie, so there is no default")
            .choice<Scale>();
    std::tie(parameter.low, parameter.high) = read_range(range, parameter.scale);
    if (is_grid) {
      parameter.points =
          entry.require("points", "give the number of grid points, ends included, e.g. `points: 16`")
              .integer(2, 1'000'000);
    }
    return parameter;
  }

  void read_list(const std::vector<SweptParameter>& fixed) {
    const Field file =
        field_.require("file", "give the CSV with a column per parameter; its header names them");
    sweep_.file = file.text();
    PointTable table = source_.given != nullptr
                           ? given_points()
                           : read_points(file, joined_path(source_.directory, sweep_.file), parameter_names_);
    check_columns(table.columns);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& name = table.columns[i];
      for (const SweptParameter& other : fixed) {
        if (other.name == name) {
          field_.find("parameters")
              ->find(name)
              ->fail_at_key("the parameter is a column of " + in_quotes(sweep_.file) + " as well",
                            "remove it here or there");
        }
      }
      SweptParameter parameter;
      parameter.name = name;
      parameter.kind = SweptParameter::Kind::values;
      parameter.values = std::move(table.values[i]);
      sweep_.parameters.push_back(std::move(parameter));
    }
  }

  /// The optional key `columns` says which columns the CSV has, in their order.
  void check_columns(const std::vector<std::string>& found) const {
    const std::optional<Field> columns = field_.find("columns");
    if (!columns) return;
    std::vector<std::string> expected;
    for (const Field& item : columns->items()) expected.push_back(item.text());
    if (expected == found) return;
    columns->fail("the file " + in_quotes(sweep_.file) + " has the columns " + joined(found),
                  "make the two agree");
  }

  PointTable given_points() const {
    PointTable table;
    const Field columns = field_.require("columns", "a resolved job names the columns of its list");
    for (const Field& item : columns.items()) {
      table.columns.push_back(item.text());
      if (std::find(parameter_names_.begin(), parameter_names_.end(), table.columns.back()) ==
          parameter_names_.end()) {
        item.fail("unknown column " + in_quotes(table.columns.back()),
                  "accepted: " + joined(parameter_names_));
      }
    }
    table.values = *source_.given;
    if (table.values.empty()) table.values.resize(table.columns.size());
    const auto as_long = [&](const std::vector<double>& column) {
      return column.size() == table.values[0].size();
    };
    if (table.values.size() != table.columns.size() ||
        !std::all_of(table.values.begin(), table.values.end(), as_long)) {
      columns.fail("the list given has " + plural(static_cast<std::int64_t>(table.values.size()), "column") +
                       " or columns of different lengths",
                   "give one column for each of: " + joined(table.columns));
    }
    return table;
  }

  void require_parameters_without_default() const {
    for (const Parameter& parameter : problem_.parameters) {
      const auto same = [&](const SweptParameter& swept) { return swept.name == parameter.name; };
      if (parameter.has_default || std::any_of(sweep_.parameters.begin(), sweep_.parameters.end(), same))
        continue;
      const std::string remedy = "the problem has no default for it: give it a value or a range here";
      if (sweep_.sampler == Sampler::list) {
        field_.find("file")->fail(
            "the column " + in_quotes(parameter.name) + " is missing in " + in_quotes(sweep_.file),
            "the problem has no default for it: add the column, or a number in sweep.parameters");
      }
      const std::optional<Field> map = field_.find("parameters");
      if (map) map->fail_missing(parameter.name, remedy);
      field_.fail_missing("parameters." + parameter.name, remedy);
    }
  }

  bool varies() const {
    const auto ranged = [](const SweptParameter& p) { return p.kind != SweptParameter::Kind::fixed; };
    return std::any_of(sweep_.parameters.begin(), sweep_.parameters.end(), ranged);
  }

  void read_samples() {
    const std::optional<Field> samples = field_.find("samples");
    if (sweep_.sampler != Sampler::grid && sweep_.sampler != Sampler::list) {
      sweep_.samples = field_.require("samples", "give the number of points to draw, e.g. `samples: 1024`")
                           .integer(1, most_samples);
      if (!varies()) {
        field_.fail_missing("parameters",
                            "no parameter has a range, so the sampler " + sampler() +
                                " has nothing to draw; give one a range, or use `sampler: grid` for a "
                                "single point");
      }
      return;
    }
    sweep_.samples = contained_samples(samples);
    if (!samples) return;
    const std::int64_t said = samples->integer(1, most_samples);
    if (said == sweep_.samples) return;
    samples->fail(
        "the " + sampler() + " has " + plural(sweep_.samples, "point") + ", not " + std::to_string(said),
        "remove the key: the sampler " + sampler() + " knows its number of points");
  }

  /// The number of points that a grid or a list contains.
  std::int64_t contained_samples(const std::optional<Field>& samples) const {
    if (sweep_.sampler == Sampler::list) {
      const std::size_t rows = sweep_.parameters.empty() ? 0 : sweep_.parameters[0].values.size();
      // A resolved job without its values (metadata only) still says how many there were.
      if (rows == 0 && samples) return samples->integer(1, most_samples);
      return static_cast<std::int64_t>(rows);
    }
    std::int64_t product = 1;
    for (const SweptParameter& parameter : sweep_.parameters) {
      const std::int64_t points = parameter.kind == SweptParameter::Kind::range ? parameter.points
                                  : parameter.kind == SweptParameter::Kind::values
                                      ? static_cast<std::int64_t>(parameter.values.size())
                                      : 1;
      if (product > most_samples / points) {
        field_.find("parameters")
            ->fail_at_key("the grid has more than " + std::to_string(most_samples) + " points",
                          "give fewer points");
      }
      product *= points;
    }
    return product;
  }

  const Field& field_;
  const Problem& problem_;
  const PointSource& source_;
  std::vector<std::string> parameter_names_;
  Sweep sweep_;
};

}  // namespace

std::string joined_path(const std::string& directory, const std::string& file) {
  const std::filesystem::path path = std::filesystem::path(directory) / file;
  return path.lexically_normal().string();
}

Sweep read_sweep(const Field& field, const Problem& problem, const PointSource& source) {
  return SweepReader(field, problem, source).read();
}

}  // namespace gluesweep::job
