#include <algorithm>
#include <functional>
#include <set>

#include "gluesweep/emulator/dataset.hpp"
#include "gluesweep/job/error.hpp"
#include "same_problem.hpp"

namespace gluesweep::emulator {
namespace {

using at::Tensor;

[[noreturn]] void refuse_join(const std::string& path, const std::string& first, const std::string& reason) {
  throw job::InputError(path + " and " + first + " do not make one emulator: " + reason);
}

void check_joint(const Dataset& first, const Dataset& other, const std::string& first_path,
                 const std::string& path) {
  const auto difference = problem_difference(first, other.job);
  if (!difference.empty()) refuse_join(path, first_path, "they are about different problems, " + difference);
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

/// Every file's heads stay with their own trunks.
void join_heads(const std::vector<Dataset>& all, Dataset& joint) {
  std::int64_t rows = 0;
  for (const auto& data : all) rows = std::max(rows, data.head.size(1));
  std::vector<Tensor> heads, trunks;
  joint.trunks.clear();
  for (const auto& data : all) {
    heads.push_back(at::constant_pad_nd(data.head, {0, 0, 0, rows - data.head.size(1)}));
    trunks.push_back(data.trunk + static_cast<std::int64_t>(joint.trunks.size()));
    joint.trunks.insert(joint.trunks.end(), data.trunks.begin(), data.trunks.end());
  }
  joint.head = at::cat(heads, 0);
  joint.trunk = at::cat(trunks, 0);
}

/// A point that two files hold, such as the first ones of a longer Sobol sequence, would be learned from and
/// held out as well: then its error says nothing.
Dataset without_repeated(Dataset joint) {
  const auto kept = first_of_equals(joint.parameters);
  joint.repeated = joint.size() - kept.size(0);
  return joint.repeated == 0 ? joint : points_of(std::move(joint), kept);
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
  for (const auto member :
       {&Dataset::sample, &Dataset::parameters, &Dataset::map, &Dataset::scale, &Dataset::numbers}) {
    joint.*member = at::cat(each(all, [&](const Dataset& data) { return data.*member; }), 0);
  }
  join_heads(all, joint);
  joint.state = at::cat(each(all, [](const Dataset& data) { return data.state; }), 1);
  joint.left_out = at::cat(each(all, [&](const Dataset& data) { return reordered(data, joint.axes); }), 0);
  joint.z = normalised(joint.axes, columns_of(joint.parameters, joint.axes));
  for (std::size_t i = 1; i < all.size(); ++i) {
    for (const auto count :
         {&Dataset::in_file, &Dataset::not_converged, &Dataset::above_max_error, &Dataset::beyond_most}) {
      joint.*count += all[i].*count;
    }
  }
  return without_repeated(std::move(joint));
}

}  // namespace gluesweep::emulator
