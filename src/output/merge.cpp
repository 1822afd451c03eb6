#include "gluesweep/output/merge.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "create.hpp"
#include "gluesweep/job/error.hpp"
#include "gluesweep/job/reader.hpp"
#include "gluesweep/network/change_of_trunk.hpp"
#include "gluesweep/output/sweep_reader.hpp"
#include "gluesweep/output/target.hpp"
#include "gluesweep/output/write_lock.hpp"

namespace gluesweep::output {
namespace {

namespace fs = std::filesystem;
using at::Tensor;
using network::NamedArrays;

// What functions may lose when their heads are expressed in other features, over their size: this much, or
// this share of the point's error estimate. Hidden layers that differ in rounding only, on processors of
// another kind, lose at most 1e-11 (nine shipped problems).
constexpr double most_lost = 1.0e-9, most_of_error = 0.1;

constexpr std::int64_t bytes_at_once = std::int64_t{1} << 24;

struct Part {
  std::string path;
  sweep::Share share;
};

std::string samples_text(std::int64_t first, std::int64_t end) {
  return "samples " + std::to_string(first) + " to " + std::to_string(end - 1);
}

/// The parts in the order of their samples, which they cover once and completely.
std::vector<Part> ordered_parts(const std::vector<std::string>& paths) {
  std::vector<Part> parts;
  std::string hash;
  for (const std::string& path : paths) {
    const SweepReader reader(path);
    if (hash.empty()) hash = reader.text("job_hash");
    if (reader.text("job_hash") != hash) {
      throw job::InputError(path + " is not a part of the same scan as " + paths.front() +
                            ": its job's hash is " + reader.text("job_hash") + ", not " + hash +
                            "; give the parts of one scan");
    }
    parts.push_back({path, reader.share()});
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.share.first < b.share.first; });
  std::int64_t next = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const sweep::Share& share = parts[i].share;
    if (share.first < next) {
      throw job::InputError(parts[i].path + " and " + parts[i - 1].path + " overlap: both hold sample " +
                            std::to_string(share.first) + "; give each part once");
    }
    if (share.first > next) break;
    next = share.first + share.count;
  }
  if (next < parts.front().share.scan) {
    const auto after =
        std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.share.first > next; });
    const std::int64_t end = after == parts.end() ? parts.front().share.scan : after->share.first;
    throw job::InputError("no part holds " + samples_text(next, end) + " of the scan's " +
                          std::to_string(parts.front().share.scan) +
                          ": give all parts; one that did not finish may have pending points");
  }
  return parts;
}

/// A list's points are in the parts only.
std::vector<std::vector<double>> list_of(const job::Job& job, const std::vector<Part>& parts) {
  std::vector<std::vector<double>> list;
  if (job.sweep.sampler != job::Sampler::list) return list;
  for (const auto& parameter : job.sweep.parameters) {
    if (parameter.kind != job::SweptParameter::Kind::values) continue;
    auto& column = list.emplace_back();
    for (const Part& part : parts) {
      const Tensor values = SweepReader(part.path).values(parameter.name);
      column.insert(column.end(), values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
    }
  }
  return list;
}

[[noreturn]] void refuse_shape(const std::string& path, const std::string& variable) {
  throw job::InputError(path + ": the variable " + variable +
                        " does not have the shape that its job asks for: the file is damaged; restore a copy "
                        "of it, or run the part again");
}

/// The extent of a variable of three dimensions along one; 0 if the file does not have it.
std::int64_t extent_of(const SweepReader& reader, const std::string& path, const std::string& variable,
                       std::size_t axis) {
  if (!reader.has(variable)) return 0;
  const auto shape = reader.shape(variable);
  if (shape.size() != 3) refuse_shape(path, variable);
  return shape[axis];
}

NetworkArrays network_of(const SweepReader& reader, const std::string& path) {
  return {extent_of(reader, path, "network/head", 1), extent_of(reader, path, "network/map", 2),
          extent_of(reader, path, "network/scale", 2), reader.trunk_arrays()};
}

bool same_arrays(const NamedArrays& one, const NamedArrays& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.equal(b.second);
  });
}

/// Heads of a part in the features of the first one's trunks.
class HeadCarrier {
 public:
  HeadCarrier(const job::Network& network, const Part& part, const Part& first)
      : part_(part.path), first_(first.path) {
    for (const auto* prefix : {"trunk_", "rescue_trunk_"}) {
      const auto own = SweepReader(part_).trunk(network, prefix),
                 others = SweepReader(first_).trunk(network, prefix);
      if (own && others) changes_.emplace_back(*own, *others);
    }
    if (changes_.empty()) throw job::InputError(part_ + " does not have the hidden layers of " + first_);
  }

  /// Of heads (B, F, K), rows first ... of the part: (B, rows, K). `lost` grows to what converged points
  /// lose.
  Tensor operator()(const Tensor& heads, const SweepReader& reader, std::int64_t first, std::int64_t rows,
                    double& lost) const {
    const auto count = heads.size(0);
    const auto rungs = reader.column("rescue", first, count);
    const auto owner = (rungs > 0).to(at::kLong).clamp_max(static_cast<std::int64_t>(changes_.size()) - 1);
    Tensor carried = at::zeros({count, rows, heads.size(2)}, heads.options());
    Tensor losses = at::zeros({count}, heads.options());
    for (std::size_t k = 0; k < changes_.size(); ++k) {
      const auto chosen = (owner == static_cast<std::int64_t>(k)).nonzero().squeeze(1);
      if (chosen.size(0) == 0) continue;
      const auto some = heads.index_select(0, chosen);
      const auto found = changes_[k].heads(some);
      carried.index_copy_(0, chosen, at::constant_pad_nd(found, {0, 0, 0, rows - found.size(1)}));
      losses.index_copy_(0, chosen, changes_[k].lost(some));
    }
    check(losses, reader, first, lost);
    return carried;
  }

 private:
  /// Points that did not converge may lose what they like.
  void check(const Tensor& losses, const SweepReader& reader, std::int64_t first, double& lost) const {
    const auto count = losses.size(0);
    const auto converged = reader.column("status", first, count, at::kByte) ==
                           static_cast<std::int64_t>(training::Status::converged);
    const auto counts = converged & losses.isfinite();
    const auto estimate = reader.column("error_estimate", first, count).nan_to_num(0.0);
    const auto known = at::where(counts, losses, at::zeros_like(losses));
    lost = std::max(lost, known.max().item<double>());
    const auto excess = known - (most_of_error * estimate).clamp_min(most_lost);
    const auto worst = excess.argmax().item<std::int64_t>();
    if (excess[worst].item<double>() > 0.0) refuse(known[worst].item<double>());
  }

  [[noreturn]] void refuse(double lost) const {
    char text[32];
    std::snprintf(text, sizeof text, "%.1e", lost);
    throw job::InputError(
        part_ + " was trained on other hidden layers than " + first_ +
        ", in whose features its networks would be wrong by " + text +
        ": by another version of gluesweep, or on a processor that differs too much; run the "
        "part again where the others ran, or all parts with network.trunk.train: none");
  }

  std::string part_, first_;
  std::vector<network::ChangeOfTrunk> changes_;  // of the first attempt's and of the rescue's trunk
};

/// By part, where its hidden layers are not those of the first to the last bit.
std::vector<std::optional<HeadCarrier>> carriers_of(const job::Job& job, const std::vector<Part>& parts,
                                                    const NetworkArrays& network) {
  std::vector<std::optional<HeadCarrier>> carriers;
  for (const Part& part : parts) {
    auto& carrier = carriers.emplace_back();
    if (network.head_features == 0 || same_arrays(SweepReader(part.path).trunk_arrays(), network.trunk))
      continue;
    carrier.emplace(job.network, part, parts.front());
  }
  return carriers;
}

void refuse_carriers(const std::vector<Part>& parts,
                     const std::vector<std::optional<HeadCarrier>>& carriers) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!carriers[i]) continue;
    throw job::InputError(parts[i].path + " was trained on other hidden layers than " + parts.front().path +
                          ", on a processor that rounds differently, so that its heads have to be rewritten: "
                          "merge without --virtual");
  }
}

/// All rows of all parts into the new file, in pieces; statuses come last.
class Copier {
 public:
  Copier(const std::vector<Part>& parts, const std::vector<std::optional<HeadCarrier>>& carriers,
         std::string path)
      : parts_(parts),
        carriers_(carriers),
        path_(std::move(path)),
        handle_(check(H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open", path_), H5Fclose) {}

  /// What carrying heads over lost at most.
  double run(const Layout& layout) {
    for (const bool status : {false, true}) {
      for (const Variable& variable : layout.variables) {
        if (is_result(variable) && (variable.source == Source::status) == status) copy(variable);
      }
    }
    handle_.close("close", path_);
    return lost_;
  }

 private:
  void copy(const Variable& variable) {
    const std::string name = full_name(variable);
    const Handle target(check(H5Dopen2(handle_.get(), name.c_str(), H5P_DEFAULT), "open " + name, path_),
                        H5Dclose);
    std::int64_t row = size_of(variable.type);
    for (std::size_t axis = 1; axis < variable.shape.size(); ++axis) row *= variable.shape[axis];
    const std::int64_t at_once = std::max<std::int64_t>(1, bytes_at_once / row);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      const HeadCarrier* carrier = variable.source == Source::head && carriers_[i] ? &*carriers_[i] : nullptr;
      const SweepReader reader(part.path);
      auto shape = variable.shape;
      shape[0] = part.share.count;
      if (carrier) shape[1] = extent_of(reader, part.path, name, 1);
      if (reader.shape(name) != shape) refuse_shape(part.path, name);
      for (std::int64_t first = 0; first < part.share.count; first += at_once) {
        const std::int64_t count = std::min(at_once, part.share.count - first);
        Tensor rows = reader.rows(name, first, count, scalar_type(variable.type));
        if (carrier) rows = (*carrier)(rows, reader, first, variable.shape[1], lost_);
        write_slab(target.get(), native_type(variable.type), part.share.first + first, rows.sizes().vec(),
                   rows.data_ptr(), path_);
      }
    }
  }

  const std::vector<Part>& parts_;
  const std::vector<std::optional<HeadCarrier>>& carriers_;
  double lost_ = 0.0;
  std::string path_;
  Handle handle_;
};

/// Where the rows of a virtual file stand, seen from its directory.
std::vector<VirtualPart> references(const std::vector<Part>& parts, const std::string& path) {
  const fs::path directory = fs::absolute(path).parent_path();
  std::vector<VirtualPart> found;
  for (const Part& part : parts)
    found.push_back({fs::proximate(fs::absolute(part.path), directory).string(), part.share});
  return found;
}

}  // namespace

MergeReport merge(const std::vector<std::string>& paths, const std::string& path, MergeStyle style) {
  silence_hdf5();
  const std::vector<Part> parts = ordered_parts(paths);
  const SweepReader first(parts.front().path);
  const std::string text = first.text("job");
  const std::string place = parts.front().path + ", attribute job";
  job::Job job = job::parse_resolved(text, {}, place);
  job = job::parse_resolved(text, list_of(job, parts), place);
  const NetworkArrays network = network_of(first, parts.front().path);
  const auto carriers = carriers_of(job, parts, network);
  if (style == MergeStyle::refer) refuse_carriers(parts, carriers);
  const Layout layout = make_layout(job, sweep::Share::all(parts.front().share.scan), network);
  check_target(path, style == MergeStyle::copy ? expected_bytes(layout) : 0);
  const sweep::ParameterSpace space(job);
  const Provenance provenance{text, first.text("job_hash"), first.text("gluesweep_version"),
                              first.text("git_commit")};
  const std::string temporary = temporary_name(path);
  NewFile file{
      temporary, job, space, network, provenance, layout, static_cast<int>(first.integer("mpi_size")), {}};
  if (style == MergeStyle::refer) file.parts = references(parts, path);
  // Nobody writes to a part while it is copied: a status that came between would vouch for a row that did
  // not.
  std::vector<std::unique_ptr<WriteLock>> locks;
  locks.push_back(std::make_unique<WriteLock>(path));
  if (style == MergeStyle::copy) {
    for (const Part& part : parts) locks.push_back(std::make_unique<WriteLock>(real_path(part.path)));
  }
  remove_leftovers(path);
  try {
    create_file(file);
    MergeReport report;
    if (style == MergeStyle::copy) {
      report.lost = Copier(parts, carriers, temporary).run(layout);
      for (const auto& carrier : carriers) report.carried_parts += carrier.has_value() ? 1 : 0;
    }
    publish(temporary, path);
    return report;
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace gluesweep::output
