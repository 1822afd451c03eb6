#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/network/trunk.hpp"
#include "gluesweep/sweep/driver.hpp"
#include "gluesweep/sweep/schedule.hpp"

namespace gluesweep::output {

/// Reads a sweep file, also one that a run is still writing. Serial. Nothing is kept in memory but what is
/// asked for; variables of /network are named "network/head" and so on. Numbers come as float64 whatever
/// their type, unless another one is asked for.
class SweepReader {
 public:
  /// Throws job::InputError if there is no such file, it is not a sweep file or its format version is another
  /// one; so do all functions where the file turns out to be damaged: attributes or variables that are
  /// missing, of other types, or longer than their data.
  explicit SweepReader(const std::string& path);
  ~SweepReader();
  SweepReader(SweepReader&&) noexcept;

  /// Root attributes, e.g. "job", "created"; "mpi_size".
  std::string text(const std::string& attribute) const;
  std::int64_t integer(const std::string& attribute) const;

  std::int64_t samples() const;  ///< that the file holds
  sweep::Share share() const;    ///< which of the scan's samples these are
  bool is_virtual() const;       ///< its rows stand in other files, see merge.hpp
  std::vector<std::string> swept_names() const;
  bool has(const std::string& variable) const;
  std::string unit(const std::string& variable) const;
  std::string long_name(const std::string& variable) const;

  /// A whole variable; for those that do not grow with the number of samples.
  at::Tensor values(const std::string& variable) const;

  /// Rows first ... first+count-1 of a variable with the dimension sample: (count, ...).
  at::Tensor rows(const std::string& variable, std::int64_t first, std::int64_t count,
                  at::ScalarType type = at::kDouble) const;

  /// The same of a variable with one number a sample: (count).
  at::Tensor column(const std::string& variable, std::int64_t first, std::int64_t count,
                    at::ScalarType type = at::kDouble) const;

  std::vector<std::int64_t> shape(const std::string& variable) const;

  /// The status counts and the worst error estimate among the converged, over all samples.
  sweep::Tally tally() const;

  /// The arrays of the hidden layers as they were given at creation.
  std::vector<std::pair<std::string, at::Tensor>> trunk_arrays() const;

  /// The trunk whose arrays have a prefix ("trunk_", "rescue_trunk_"), if there is one.
  std::optional<network::Trunk> trunk(const job::Network& network, const std::string& prefix) const;

  /// The same into given arrays. Throws job::InputError if names or shapes are others.
  void read_trunk_into(const std::vector<std::pair<std::string, at::Tensor>>& arrays) const;

 private:
  std::string attribute_of(const std::string& variable, const std::string& attribute) const;

  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Reads in pieces of this many samples keep the memory bounded.
inline constexpr std::int64_t rows_per_read = 65536;

}  // namespace gluesweep::output
