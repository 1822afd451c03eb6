#include <algorithm>
#include <functional>
#include <set>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/job/error.hpp"
#include "same_problem.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

// As for the parts of a scan: processors that round differently differ in the last bits of the hidden layers.
constexpr double rounded_trunk = 1.0e-12;

[[noreturn]] void refuse_join(const std::string& path, const std::string& first, const std::string& reason) {
  throw job::InputError(path + " and " + first + " do not make one emulator: " + reason);
}

bool same_trunk(const std::vector<std::pair<std::string, Tensor>>& one,
                const std::vector<std::pair<std::string, Tensor>>& other) {
  bool same = one.size() == other.size();
  for (std::size_t i = 0; same && i < one.size(); ++i) {
    const auto &a = one[i].second, &b = other[i].second;
    same = one[i].first == other[i].first && a.sizes() == b.sizes() &&
           (a.numel() == 0 || (a - b).abs().max().item<double>() <= rounded_trunk);
  }
  return same;
}

void check_joint(const Dataset& first, const Dataset& other, const std::string& first_path,
                 const std::string& path) {
  const auto difference = problem_difference(first, other.job);
  if (!difference.empty()) refuse_join(path, first_path, "they are about different problems, " + difference);
  if (!same_trunk(first.trunk, other.trunk) || !same_trunk(first.rescue_trunk, other.rescue_trunk)) {
    refuse_join(
        path, first_path,
        "their hidden layers differ, so that their heads do not compare; run both scans with the same "
        "settings under network and the same version of gluesweep, and do not train the hidden layers "
        "(network.train), which each scan would do on its own points");
  }
  if (first.t.sizes() != other.t.sizes() || !at::allclose(first.t, other.t, 1e-12, 0.0)) {
    refuse_join(path, first_path,
                "their output points differ, at which errors are measured; run both scans with the same "
                "output.points");
  }
}

/// Ranges that hold those of all data; the first range that a job gave decides about the scale.
std::vector<Axis> joint_axes(const std::vector<Dataset>& all) {
  auto axes = all.front().axes;
  for (auto& axis : axes) {
    bool ranged = false;
    for (const auto& data : all) {
      const auto& own = axis_named(data, axis.name);
      axis.low = std::min(axis.low, own.low);
      axis.high = std::max(axis.high, own.high);
      if (!ranged && has_range(data.job, axis.name)) {
        axis.scale = own.scale;
        ranged = true;
      }
    }
    if (!(axis.low > 0.0)) axis.scale = job::Scale::linear;
  }
  return axes;
}

/// The values of some parameters out of rows of all.
Tensor columns_of(const Tensor& parameters, const std::vector<Axis>& axes) {
  std::vector<Tensor> columns;
  for (const auto& axis : axes) columns.push_back(parameters.select(1, axis.parameter));
  return at::stack(columns, 1);
}

/// Rows of points left out with the columns in the order of other axes.
Tensor reordered(const Dataset& data, const std::vector<Axis>& axes) {
  std::vector<Tensor> columns;
  for (const auto& axis : axes) {
    const auto place = &axis_named(data, axis.name) - data.axes.data();
    columns.push_back(data.left_out.select(1, place));
  }
  return at::stack(columns, 1);
}

std::vector<Tensor> each(const std::vector<Dataset>& all, const std::function<Tensor(const Dataset&)>& part) {
  std::vector<Tensor> parts;
  for (const auto& data : all) parts.push_back(part(data));
  return parts;
}

/// The rows (N, q) that no earlier one equals.
Tensor first_of_equals(const Tensor& rows) {
  const auto values = rows.contiguous();
  const auto columns = values.size(1);
  const double* row = values.data_ptr<double>();
  std::set<std::vector<double>> known;
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < values.size(0); ++i, row += columns) {
    if (known.emplace(row, row + columns).second) kept.push_back(i);
  }
  return at::tensor(kept, at::kLong);
}

constexpr Tensor Dataset::*by_point[] = {&Dataset::sample, &Dataset::parameters, &Dataset::head,
                                         &Dataset::map,    &Dataset::scale,      &Dataset::rescue,
                                         &Dataset::numbers};

/// A point that two files hold, such as the first ones of a longer Sobol sequence, would be learned from and
/// held out as well: then its error says nothing.
void drop_repeated(Dataset& joint) {
  const auto kept = first_of_equals(joint.parameters);
  joint.repeated = joint.parameters.size(0) - kept.size(0);
  if (joint.repeated == 0) return;
  for (const auto member : by_point) joint.*member = (joint.*member).index_select(0, kept);
  joint.state = joint.state.index_select(1, kept);
}

}  // namespace

Dataset read_datasets(const std::vector<std::string>& paths, double max_error) {
  std::vector<Dataset> all;
  for (const auto& path : paths) {
    all.push_back(read_dataset(path, max_error));
    check_joint(all.front(), all.back(), paths.front(), path);
  }
  if (all.size() == 1) return all.front();
  Dataset joint = all.front();
  joint.axes = joint_axes(all);
  for (const auto member : by_point) {
    joint.*member = at::cat(each(all, [&](const Dataset& data) { return data.*member; }), 0);
  }
  joint.state = at::cat(each(all, [](const Dataset& data) { return data.state; }), 1);
  joint.left_out = at::cat(each(all, [&](const Dataset& data) { return reordered(data, joint.axes); }), 0);
  drop_repeated(joint);
  joint.z = normalised(joint.axes, columns_of(joint.parameters, joint.axes));
  for (std::size_t i = 1; i < all.size(); ++i) {
    for (const auto count :
         {&Dataset::in_file, &Dataset::not_converged, &Dataset::above_max_error, &Dataset::beyond_most}) {
      joint.*count += all[i].*count;
    }
  }
  return joint;
}

}  // namespace gluesweep::emulator
