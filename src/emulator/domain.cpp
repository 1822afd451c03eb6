#include "gluesweep/emulator/domain.hpp"

#include <algorithm>
#include <cmath>

namespace gluesweep::emulator {
namespace {

using at::Tensor;

constexpr double reach_in_distances = 2.0;
constexpr std::int64_t neighbours = 9;  // a tenth place is above the largest of nine once in ten times
constexpr std::int64_t most_cells = 1 << 18;
constexpr std::int64_t places_at_a_time = 1024;

Tensor squared_distances(const Tensor& a, const Tensor& b) {
  Tensor sum;
  for (std::int64_t axis = 0; axis < a.size(1); ++axis) {
    const auto squares = (a.select(1, axis).unsqueeze(1) - b.select(1, axis)).square();
    sum = axis == 0 ? squares : sum + squares;
  }
  return sum;
}

/// Centres of cells of the box, the last axis fastest: (cells ** p, p).
Tensor centres(std::int64_t cells, std::int64_t axes) {
  const auto along = (at::arange(cells, at::kDouble) + 0.5) * (2.0 / static_cast<double>(cells)) - 1.0;
  const std::vector<Tensor> all(static_cast<std::size_t>(axes), along);
  std::vector<Tensor> columns;
  for (const auto& grid : at::meshgrid(all, "ij")) columns.push_back(grid.flatten());
  return at::stack(columns, 1);
}

}  // namespace

Tensor nearest_distance(const Tensor& z, const Tensor& places) {
  std::vector<Tensor> pieces;
  for (const auto& some : z.split(places_at_a_time, 0))
    pieces.push_back(squared_distances(some, places).amin(1));
  return at::cat(pieces, 0).sqrt();
}

double reach_of(const Tensor& training_z, const Tensor& held_out_z) {
  return reach_in_distances * nearest_distance(held_out_z, training_z).max().item<double>();
}

Tensor nearby_errors(const Tensor& places, const Tensor& errors, const Tensor& z) {
  const auto count = std::min(neighbours, places.size(0));
  std::vector<Tensor> pieces;
  for (const auto& some : z.split(places_at_a_time, 0)) {
    const auto nearest = std::get<1>(squared_distances(some, places).topk(count, 1, false, false));
    const auto around = errors.index_select(0, nearest.flatten()).view({some.size(0), count, -1});
    pieces.push_back(at::where(around.isnan(), at::zeros_like(around), around).amax(1));
  }
  return at::cat(pieces, 0);
}

Tensor expected_error(const Emulator& emulator, const Tensor& z) {
  return nearby_errors(emulator.held_out.z, emulator.held_out.solution.unsqueeze(1), z).squeeze(1);
}

Tensor expected_scalar_errors(const Emulator& emulator, const Tensor& z) {
  return nearby_errors(emulator.held_out.z, emulator.held_out.scalars, z);
}

Domain::Domain(const Emulator& emulator)
    : training_z_(emulator.training_z.contiguous()), reach_(emulator.reach), cells_(0) {
  const auto axes = training_z_.size(1);
  const double diagonal = std::sqrt(static_cast<double>(axes));  // half of a cell's, in half widths
  const double wanted = std::ceil(2.0 * diagonal / reach_);      // half a diagonal is half the reach
  if (!(std::pow(wanted, static_cast<double>(axes)) <= static_cast<double>(most_cells))) return;
  cells_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
  const double half = diagonal / static_cast<double>(cells_);
  certain_ = nearest_distance(centres(cells_, axes), training_z_) <= reach_ - half;
}

/// Number of the cell that a place lies in, as centres() counts them.
std::int64_t Domain::cell(const double* place) const {
  std::int64_t number = 0;
  for (std::int64_t axis = 0; axis < training_z_.size(1); ++axis) {
    const double along = 0.5 * (std::clamp(place[axis], -1.0, 1.0) + 1.0) * static_cast<double>(cells_);
    number = number * cells_ + std::min(static_cast<std::int64_t>(along), cells_ - 1);
  }
  return number;
}

bool Domain::near_training(const double* place) const {
  const auto axes = training_z_.size(1);
  const double* other = training_z_.data_ptr<double>();
  for (std::int64_t i = 0; i < training_z_.size(0); ++i, other += axes) {
    double squares = 0.0;
    for (std::int64_t axis = 0; axis < axes; ++axis) {
      const double distance = std::clamp(place[axis], -1.0, 1.0) - other[axis];
      squares += distance * distance;
    }
    if (squares <= reach_ * reach_) return true;
  }
  return false;
}

Tensor Domain::inside(const Tensor& z) const {
  const auto places = z.contiguous();
  const double* place = places.data_ptr<double>();
  Tensor result = at::empty({z.size(0)}, at::kBool);
  bool* inside = result.data_ptr<bool>();
  for (std::int64_t b = 0; b < z.size(0); ++b, place += z.size(1)) {
    const bool in_box =
        std::all_of(place, place + z.size(1), [](double value) { return std::abs(value) <= box_edge; });
    const bool certain = in_box && cells_ > 0 && certain_.data_ptr<bool>()[cell(place)];
    inside[b] = certain || (in_box && near_training(place));
  }
  return result;
}

}  // namespace gluesweep::emulator
