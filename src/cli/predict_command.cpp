#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "gluesweep/cli/commands.hpp"
#include "gluesweep/emulator/emulator_file.hpp"
#include "gluesweep/emulator/evaluator.hpp"
#include "gluesweep/emulator/prediction_file.hpp"
#include "gluesweep/job/point_table.hpp"
#include "gluesweep/output/target.hpp"
#include "plan.hpp"
#include "text.hpp"

namespace gluesweep::cli {
namespace {

using at::Tensor;
using emulator::Emulator;
using emulator::Evaluator;
using emulator::Predictions;

constexpr std::int64_t values_at_a_time = 1 << 23;  // of the solution: 64 MB

[[noreturn]] void refuse(const std::string& problem) {
  throw job::InputError("gluesweep predict: " + problem + "\nSee 'gluesweep predict --help'.");
}

std::vector<std::string> axis_names(const Emulator& emulator) {
  std::vector<std::string> names;
  for (const auto& axis : emulator.axes) names.push_back(axis.name);
  return names;
}

/// The axis of a name, or what is wrong with the name.
std::size_t axis_of(const Emulator& emulator, const std::string& name, const std::string& option) {
  const auto names = axis_names(emulator);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  for (const auto& parameter : emulator.job.problem.parameters) {
    if (parameter.name != name) continue;
    refuse(option + ": the scan held " + name +
           " fixed, so the emulator knows one value of it only: leave it out.\n"
           "Its parameters are " +
           joined(names) + ".");
  }
  refuse(option + ": unknown parameter " + in_quotes(name) + did_you_mean(name, names) +
         "\nThe emulator's parameters are " + joined(names) + ".");
}

/// Every axis is needed once.
void check_complete(const Emulator& emulator, const std::vector<int>& given, const std::string& option) {
  for (std::size_t a = 0; a < given.size(); ++a) {
    const auto& axis = emulator.axes[a];
    if (given[a] == 1) continue;
    refuse(option + ": the parameter " + axis.name +
           (given[a] == 0 ? " is missing; its range is " + exact(axis.low) + " to " + exact(axis.high) + "."
                          : " is given more than once; it takes one value."));
  }
}

/// "k1=0.1,k2=50" to a row of values.
std::vector<double> read_point(const Emulator& emulator, const std::string& text) {
  const std::string option = "--at " + in_quotes(text);
  std::vector<double> values(emulator.axes.size(), NAN);
  std::vector<int> given(values.size(), 0);
  std::istringstream words(text + ",");
  for (std::string word; std::getline(words, word, ',');) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      refuse(option + ": " + in_quotes(word) + " has no value; write NAME=VALUE, such as " +
             emulator.axes[0].name + "=" + exact(emulator.axes[0].low) + ".");
    }
    std::string name = word.substr(0, equals);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    const auto axis = axis_of(emulator, name, option);
    const auto value = finite_number(word.substr(equals + 1));
    if (!value) {
      refuse(option + ": " + in_quotes(word.substr(equals + 1)) +
             " is not a finite number; write it like 0.5 or 1e-3.");
    }
    values[axis] = *value;
    ++given[axis];
  }
  check_complete(emulator, given, option);
  return values;
}

/// (B, p).
Tensor read_points(const PredictOptions& options, const Emulator& emulator) {
  const auto axes = static_cast<std::int64_t>(emulator.axes.size());
  if (options.csv.empty()) {
    std::vector<double> all;
    for (const auto& text : options.at) {
      const auto point = read_point(emulator, text);
      all.insert(all.end(), point.begin(), point.end());
    }
    return at::tensor(all, at::kDouble).view({-1, axes});
  }
  const auto table = job::read_point_table(options.csv, "--csv", axis_names(emulator));
  const auto rows = static_cast<std::int64_t>(table.values.front().size());
  Tensor points = at::empty({rows, axes}, at::kDouble);
  std::vector<int> given(emulator.axes.size(), 0);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto axis = axis_of(emulator, table.columns[c], "--csv");
    points.select(1, static_cast<std::int64_t>(axis)).copy_(at::tensor(table.values[c], at::kDouble));
    ++given[axis];
  }
  check_complete(emulator, given, "--csv " + in_quotes(options.csv));
  return points;
}

Tensor read_places(const PredictOptions& options, const Emulator& emulator) {
  const auto& variable = emulator.job.problem.variable;
  for (const double place : options.places) {
    if (place >= variable.start && place <= variable.end) continue;
    refuse("--x: " + variable.symbol + " = " + exact(place) + " lies outside the problem's range, " +
           exact(variable.start) + " to " + exact(variable.end) + ".");
  }
  if (!options.places.empty()) return at::tensor(options.places, at::kDouble);
  job::Job job = emulator.job;
  job.output.values.clear();
  job.output.points = options.points;
  return at::tensor(job.output_points(), at::kDouble);
}

std::string point_text(const Emulator& emulator, const Tensor& theta) {
  std::vector<std::string> words;
  for (std::size_t a = 0; a < emulator.axes.size(); ++a) {
    words.push_back(emulator.axes[a].name + " = " +
                    exact(theta[static_cast<std::int64_t>(a)].item<double>()));
  }
  return joined(words);
}

/// Says how many points lie outside; throws where that is not allowed.
void check_inside(const PredictOptions& options, const Evaluator& evaluator, const Tensor& theta) {
  const auto outside = evaluator.inside(theta).logical_not().nonzero().squeeze(1);
  const auto count = outside.size(0);
  if (count == 0) return;
  std::string text =
      grouped(count) + " of " + grouped(theta.size(0)) +
      (theta.size(0) == 1 ? " point lies" : " points lie") + " outside the emulator's domain, the first at " +
      point_text(evaluator.emulator(), theta[outside[0].item<std::int64_t>()]) + ". It was fitted on";
  for (const auto& axis : evaluator.emulator().axes) {
    text += (&axis == &evaluator.emulator().axes.front() ? " " : ", ") + axis.name + " in [" +
            exact(axis.low) + ", " + exact(axis.high) + "]";
  }
  text += ", near points that converged";
  if (options.outside == OutsideChoice::refused) {
    refuse(text + ": leave them out, extend the scan, or choose --outside nan or warn.");
  }
  const bool warned = options.outside == OutsideChoice::warned;
  std::cerr << "gluesweep predict: " << (warned ? "warning: " : "") << text << "; "
            << (warned ? "what is given there is extrapolated, its error unknown"
                       : "everything there is NaN (--outside)")
            << "." << std::endl;
}

Predictions predict(const Evaluator& evaluator, const Tensor& theta, const Tensor& t) {
  return {theta, evaluator.solution(theta, t), evaluator.expected_error(theta), evaluator.scalars(theta),
          evaluator.expected_scalar_errors(theta)};
}

std::string with_unit(const std::string& name, const std::string& unit) {
  return unit.empty() || unit == "1" ? name : name + " [" + unit + "]";
}

std::string cell(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%-20.12g", value);
  return text;
}

/// Comments and columns, one point after the other.
void print(const Emulator& emulator, const Predictions& predictions, const Tensor& t) {
  const auto& problem = emulator.job.problem;
  for (std::int64_t b = 0; b < predictions.theta.size(0); ++b) {
    std::ostringstream text;
    text << (b == 0 ? "# " : "\n# ") << problem.name << ", " << point_text(emulator, predictions.theta[b])
         << "\n# expected error of the solution: " << rough(predictions.expected_error[b].item<double>())
         << "\n";
    for (std::size_t s = 0; s < emulator.scalars.size(); ++s) {
      const auto i = static_cast<std::int64_t>(s);
      const auto& scalar = emulator.scalars[s];
      text << "# " << with_unit(scalar.name, scalar.unit) << " = "
           << exact(predictions.scalars[b][i].item<double>()) << ", expected relative error "
           << rough(predictions.scalar_errors[b][i].item<double>()) << "\n";
    }
    text << "# " << with_unit(problem.variable.symbol, problem.variable.unit);
    for (const auto& unknown : problem.unknowns) text << ", " << with_unit(unknown.name, unknown.unit);
    text << "\n";
    const auto solution = predictions.solution[b];
    const auto values = solution.accessor<double, 2>();
    const auto places = t.accessor<double, 1>();
    for (std::int64_t i = 0; i < t.size(0); ++i) {
      std::string row = cell(places[i]);
      for (std::int64_t u = 0; u < values.size(1); ++u) row += " " + cell(values[i][u]);
      row.erase(row.find_last_not_of(' ') + 1);
      text << row << "\n";
    }
    std::cout << text.str() << std::flush;
  }
}

/// One line a place and point: parameters, variable, unknowns, expected error.
class CsvFile {
 public:
  CsvFile(const std::string& path, const Emulator& emulator, const Tensor& t, std::int64_t points)
      : path_(path), temporary_(output::temporary_name(path)), t_(t) {
    const auto columns =
        static_cast<std::int64_t>(emulator.axes.size() + emulator.job.problem.unknowns.size() + 2);
    output::check_target(path, points * t.size(0) * columns * 12);
    stream_.open(temporary_);
    for (const auto& axis : emulator.axes) stream_ << axis.name << ",";
    stream_ << emulator.job.problem.variable.symbol;
    for (const auto& unknown : emulator.job.problem.unknowns) stream_ << "," << unknown.name;
    stream_ << ",expected_error\n";
  }
  ~CsvFile() {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
  }
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;

  void write(std::int64_t /*first*/, const Predictions& predictions) {
    const auto values = predictions.solution.accessor<double, 3>();
    const auto places = t_.accessor<double, 1>();
    for (std::int64_t b = 0; b < values.size(0); ++b) {
      std::string point;
      for (std::int64_t a = 0; a < predictions.theta.size(1); ++a)
        point += exact(predictions.theta[b][a].item<double>()) + ",";
      const auto error = "," + rough(predictions.expected_error[b].item<double>()) + "\n";
      for (std::int64_t i = 0; i < values.size(1); ++i) {
        stream_ << point << exact(places[i]);
        for (std::int64_t u = 0; u < values.size(2); ++u) stream_ << "," << exact(values[b][i][u]);
        stream_ << error;
      }
    }
  }

  void finish() {
    stream_.close();
    if (!stream_) throw std::runtime_error(path_ + ": writing failed; is the disk full?");
    output::publish(temporary_, path_);
  }

 private:
  std::string path_, temporary_;
  Tensor t_;
  std::ofstream stream_;
};

/// In batches of bounded memory.
template <class File>
void write_file(const std::string& path, const Evaluator& evaluator, const Tensor& theta, const Tensor& t) {
  File file(path, evaluator.emulator(), t, theta.size(0));
  using Clock = std::chrono::steady_clock;
  const auto unknowns = static_cast<std::int64_t>(evaluator.emulator().job.problem.unknowns.size());
  const auto rows = std::max<std::int64_t>(1, values_at_a_time / (t.size(0) * unknowns));
  double seconds = 0.0;
  for (std::int64_t first = 0; first < theta.size(0); first += rows) {
    const auto some = theta.slice(0, first, first + rows);
    const auto begin = Clock::now();
    const auto predictions = predict(evaluator, some, t);
    seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    file.write(first, predictions);
  }
  file.finish();
  std::cout << grouped(theta.size(0)) << " points at " << grouped(t.size(0))
            << " places: " << grouped(static_cast<std::int64_t>(static_cast<double>(theta.size(0)) / seconds))
            << " points/s\n";
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void predict_all(const PredictOptions& options) {
  const bool csv = ends_with(options.output, ".csv"), hdf5 = ends_with(options.output, ".h5");
  if (!options.output.empty() && !csv && !hdf5) {
    refuse("-o " + in_quotes(options.output) + ": the name says what to write; let it end with .h5 or .csv.");
  }
  const auto emulator = emulator::read_emulator(options.emulator);
  const auto theta = read_points(options, *emulator);
  const auto t = read_places(options, *emulator);
  const auto outside = options.outside == OutsideChoice::warned ? emulator::Outside::extrapolated
                                                                : emulator::Outside::undefined;
  const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const Evaluator evaluator(emulator, outside, options.threads == 0 ? processors : options.threads);
  check_inside(options, evaluator, theta);
  if (csv) {
    write_file<CsvFile>(options.output, evaluator, theta, t);
  } else if (hdf5) {
    write_file<emulator::PredictionFile>(options.output, evaluator, theta, t);
  } else {
    print(*emulator, predict(evaluator, theta, t), t);
  }
}

}  // namespace

ExitCode predict_command(const PredictOptions& options, const parallel::Communicator& communicator) {
  parallel::on_rank_zero(communicator, [&] {
    limit_threads();
    predict_all(options);
  });
  return ExitCode::complete;
}

}  // namespace gluesweep::cli
