#include "curves.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "curve_kernels.hpp"
#include "gluesweep/network/network_kernels.hpp"
#include "gluesweep/problem/matching.hpp"
#include "gluesweep/problem/problem_nodes.hpp"
#include "same_problem.hpp"

namespace gluesweep::emulator {

using problem::lanes;
using problem::LaneTape;

namespace {

constexpr double no_mass = 1.0e-12;  // a term of a map with less is padding

/// As network::Map has it.
double arsinh(double z) { return std::copysign(std::log(std::abs(z) + std::sqrt(z * z + 1.0)), z); }

/// The unknowns of each patch: inputs t (level 1), the parameters (level 0), the constants (level 1).
std::vector<LaneTape> compile_frames(const job::Problem& problem) {
  problem::Graph graph;
  const auto nodes = problem::declare(graph, problem);
  std::vector<LaneTape> frames;
  for (std::size_t p = 0; p < problem.patches.size(); ++p) {
    const auto patch = problem::declare_patch(graph, problem, p, nodes);
    std::vector<problem::Node> unknowns;
    for (const int component : nodes.base) unknowns.push_back(patch.phi[static_cast<std::size_t>(component)]);
    std::vector<int> levels{1};
    levels.insert(levels.end(), nodes.theta.size(), 0);
    levels.insert(levels.end(), patch.constants.size(), 1);
    frames.emplace_back(
        problem::Tape(graph, problem::concatenate({nodes.place(), patch.constants}), unknowns), levels);
  }
  return frames;
}

}  // namespace

std::vector<double> base_parameters(const job::Job& job) {
  std::vector<double> base;
  for (const auto& parameter : job.problem.parameters) base.push_back(held_value(job, parameter));
  return base;
}

Places::Places(const problem::System& system, const at::Tensor& wanted) : asked(wanted.size(0)) {
  const auto values = wanted.contiguous();
  const auto* at = values.data_ptr<double>();
  const double start = system.to_x(system.start()), end = system.to_x(system.end());
  const double slack = domain_slack * (end - start);
  for (std::int64_t i = 0; i < asked; ++i) {
    const double place = system.to_x(at[i]);
    if (place >= start - slack && place <= end + slack) index.push_back(i);
  }
  std::stable_sort(index.begin(), index.end(), [at](auto a, auto b) { return at[a] < at[b]; });
  for (const auto i : index) {
    t.push_back(std::clamp(at[i], system.start(), system.end()));
    x.push_back(std::clamp(system.to_x(at[i]), start, end));
  }
}

Curves::Curves(const Emulator& emulator, const problem::System& system, const Tables& tables)
    : emulator_(emulator),
      system_(system),
      tables_(tables),
      base_(base_parameters(emulator.job)),
      frames_(compile_frames(emulator.job.problem)),
      row_size_(tables.rows().size(1)) {
  const std::vector<int> level(base_.size(), 0);
  for (int p = 0; p + 1 < system.patches(); ++p) {
    hand_overs_.emplace_back(system.hand_over(p), level);
  }
}

Curves::Worker::Worker(const Curves& curves, const Places& places) : curves_(curves), places_(places) {
  const auto patches = static_cast<std::size_t>(curves.system_.patches());
  edges_.resize(lanes * (patches + 1));
  for (const auto& tape : curves.frames_) frames_.push_back(tape.registers());
  for (const auto& tape : curves.hand_overs_) hand_overs_.push_back(tape.registers());
  xi_.resize(places.x.size());
  constants_.resize(places.x.size() * static_cast<std::size_t>(curves.system_.size()));
  const auto terms = static_cast<std::size_t>((curves.emulator_.map_parameters - 2) / 3);
  for (auto* values : {&centre_, &width_, &share_, &first_}) values->resize(terms * lanes);
  for (auto* values : {&starts_, &ends_, &whole_}) values->resize(lanes);
}

void Curves::Worker::run(const Batch& batch) {
  const auto axes = static_cast<std::int64_t>(curves_.emulator_.axes.size());
  const auto& emulator = curves_.emulator_;
  const auto layout = emulator.patches * emulator.map_parameters + emulator.constants * emulator.scale_terms;
  const auto values = values_per_curve();
  for (std::int64_t first = 0; first < batch.count; first += lanes) {
    const auto count = std::min<std::int64_t>(lanes, batch.count - first);
    find_edges(batch, first, count);
    for (std::int64_t lane = 0; lane < count; ++lane) {
      const auto own = first + lane;
      curve(batch.theta + own * axes, batch.rows + own * curves_.row_size_, batch.layout + own * layout,
            static_cast<std::size_t>(lane), batch.result + own * values);
    }
  }
}

/// The edges of problem::make_regions, without tensors.
void Curves::Worker::find_edges(const Batch& batch, std::int64_t first, std::int64_t count) {
  const auto& system = curves_.system_;
  const auto& axes = curves_.emulator_.axes;
  const auto patches = static_cast<std::size_t>(system.patches());
  const double start = system.to_x(system.start()), end = system.to_x(system.end());
  const double least = problem::smallest_share * (end - start);
  const auto evaluate = [&](const LaneTape& tape, problem::LaneRegisters& registers) -> const double* {
    for (std::size_t i = 0; i < curves_.base_.size(); ++i)
      std::fill_n(registers[tape.input(i)], lanes, curves_.base_[i]);
    for (std::size_t a = 0; a < axes.size(); ++a) {
      double* to = registers[tape.input(static_cast<std::size_t>(axes[a].parameter))];
      for (std::int64_t lane = 0; lane < count; ++lane)
        to[lane] = batch.theta[(first + lane) * static_cast<std::int64_t>(axes.size()) +
                               static_cast<std::int64_t>(a)];
    }
    tape.run(0, registers);
    return registers[tape.output(0)];
  };
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    edges_[lane * (patches + 1)] = start;
    edges_[lane * (patches + 1) + patches] = end;
  }
  for (std::size_t p = 0; p + 1 < patches; ++p) {
    const double* hand_over = evaluate(curves_.hand_overs_[p], hand_overs_[p]);
    const double highest = end - static_cast<double>(patches - 1 - p) * least;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      double* edges = edges_.data() + lane * (patches + 1);
      edges[p + 1] = std::min(std::max(system.to_x(hand_over[lane]), edges[p] + least), highest);
    }
  }
}

void Curves::Worker::curve(const double* theta, const double* row, const double* layout, std::size_t lane,
                           double* result) {
  const auto& emulator = curves_.emulator_;
  const auto patches = frames_.size();
  const double* edges = edges_.data() + lane * (patches + 1);
  const auto& x = places_.x;
  std::fill_n(result, values_per_curve(), NAN);
  const double* scales = layout + emulator.patches * emulator.map_parameters;
  std::size_t first = 0;
  for (std::size_t p = 0; p < patches; ++p) {
    const auto next = p + 1 == patches ? x.end() : std::upper_bound(x.begin(), x.end(), edges[p + 1]);
    const auto end = std::max(first, static_cast<std::size_t>(next - x.begin()));
    if (end == first) continue;
    positions(layout + static_cast<std::int64_t>(p) * emulator.map_parameters, first, end - first);
    constants(static_cast<int>(p), row, scales, first, end - first);
    const auto& tape = curves_.frames_[p];
    for (std::size_t i = 0; i < curves_.base_.size(); ++i)
      std::fill_n(frames_[p][tape.input(1 + i)], lanes, curves_.base_[i]);
    for (std::size_t a = 0; a < emulator.axes.size(); ++a) {
      const auto input = 1 + static_cast<std::size_t>(emulator.axes[a].parameter);
      std::fill_n(frames_[p][tape.input(input)], lanes, theta[a]);
    }
    tape.run(0, frames_[p]);
    frame(static_cast<int>(p), first, end - first, result);
    first = end;
  }
}

/// xi of some places, from a map's parameters: a, b, then (c, w, beta) for each term.
void Curves::Worker::positions(const double* map, std::size_t first, std::size_t count) {
  const double start = map[0], end = map[1];
  const auto terms = first_.size() / lanes;
  double total = 1.0;
  for (std::size_t j = 0; j < terms; ++j) {
    const double centre = map[2 + 3 * j], width = map[3 + 3 * j], beta = map[4 + 3 * j];
    centre_[j * lanes] = centre;
    width_[j * lanes] = width;
    share_[j * lanes] = 0.0;
    if (!(beta > no_mass)) continue;
    first_[j * lanes] = arsinh((start - centre) / width);
    share_[j * lanes] = beta / (arsinh((end - centre) / width) - first_[j * lanes]);
    total += beta;
  }
  starts_[0] = start;
  ends_[0] = end;
  whole_[0] = total;
  const network::MapLanes own{static_cast<int>(terms), starts_.data(), ends_.data(),  centre_.data(),
                              width_.data(),           share_.data(),  first_.data(), whole_.data()};
  double* xi = xi_.data() + first;
  network::network_kernels().positions(own, 0, places_.x.data() + first, static_cast<std::int64_t>(count),
                                       xi);
  for (std::size_t i = 0; i < count; ++i) xi[i] = std::min(std::max(xi[i], -1.0), 1.0);
}

/// The constants of one patch at the places whose xi are known.
void Curves::Worker::constants(int patch, const double* row, const double* scales, std::size_t first,
                               std::size_t count) {
  const auto n = static_cast<std::size_t>(curves_.system_.size());
  const auto terms = static_cast<std::size_t>(curves_.emulator_.scale_terms);
  const auto stride = places_.x.size();
  const double* scale = scales + static_cast<std::size_t>(patch) * n * terms;
  const auto places = static_cast<std::int64_t>(count);
  for (std::size_t k = 0; k < n; ++k) {
    network::network_kernels().scales(scale + k * terms, static_cast<int>(terms), xi_.data() + first, places,
                                      constants_.data() + k * stride + first);
  }
  curve_kernels().piecewise(row + curves_.tables_.offset(patch),
                            static_cast<int>(curves_.tables_.elements(patch)), static_cast<int>(n),
                            xi_.data() + first, places, static_cast<std::int64_t>(stride),
                            constants_.data() + first);
}

void Curves::Worker::frame(int patch, std::size_t first, std::size_t count, double* result) {
  const auto p = static_cast<std::size_t>(patch);
  const auto& tape = curves_.frames_[p];
  auto& registers = frames_[p];
  const auto n = static_cast<std::size_t>(curves_.system_.size());
  const auto unknowns = tape.outputs(), stride = places_.x.size(), parameters = curves_.base_.size();
  const auto load = [&](std::size_t input, const double* from, std::size_t filled) {
    double* to = registers[tape.input(input)];
    std::copy_n(from, filled, to);
    std::fill(to + filled, to + lanes, from[filled - 1]);
  };
  for (std::size_t begin = first; begin < first + count; begin += lanes) {
    const auto filled = std::min<std::size_t>(lanes, first + count - begin);
    load(0, places_.t.data() + begin, filled);
    for (std::size_t k = 0; k < n; ++k)
      load(1 + parameters + k, constants_.data() + k * stride + begin, filled);
    tape.run(1, registers);
    for (std::size_t u = 0; u < unknowns; ++u) {
      const double* from = registers[tape.output(u)];
      for (std::size_t i = 0; i < filled; ++i)
        result[static_cast<std::size_t>(places_.index[begin + i]) * unknowns + u] = from[i];
    }
  }
}

}  // namespace gluesweep::emulator
