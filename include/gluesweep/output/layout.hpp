#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gluesweep/job/job.hpp"
#include "gluesweep/sweep/schedule.hpp"
#include "gluesweep/training/result.hpp"

/// What a sweep file (format version 1) holds for a job, as plain data: creating the file, writing to it and
/// predicting its size all go by this one list.
namespace gluesweep::output {

inline constexpr int format_version = 1;

enum class Type { float64, int64, int32, uint8 };
std::int64_t size_of(Type type);
at::ScalarType scalar_type(Type type);

enum class Group { root, network };

/// Where a variable's rows come from. `Variable::index` says which slice of it, where there are several.
enum class Source {
  sample,      ///< ids of the share
  coordinate,  ///< the output points
  parameter,   ///< column `index` of the swept parameters
  solution,    ///< and further members of training::BlockResult
  coefficient,
  limit,
  crossover,
  derived,
  matching,
  solution_by,
  limit_by,
  crossover_by,
  derived_by,
  status,
  defect,
  error_estimate,
  reference_error,
  matching_error,
  iterations,
  seconds,
  rescue,
  seed,  ///< sweep.seed
  head,
  map,
  scale,
  trunk,  ///< array `index` of NetworkArrays::trunk
};

struct Dimension {
  Group group = Group::root;
  std::string name;
  std::int64_t size = 0;
  bool has_variable = false;  ///< a coordinate variable of the same name exists
};

struct Variable {
  Group group = Group::root;
  std::string name;
  Type type = Type::float64;
  std::vector<std::string> dimensions;  ///< slowest first; "sample" is always the first if it is there
  std::vector<std::int64_t> shape;
  std::string unit;
  std::string long_name;
  Source source = Source::sample;
  std::int64_t index = 0;

  bool by_sample() const { return !dimensions.empty() && dimensions.front() == "sample"; }
};

/// What the trainer contributes to /network; none of it for a job that trains no network.
struct NetworkArrays {
  std::int64_t head_features = 0;                         ///< F of training::BlockResult::head
  std::int64_t map_parameters = 0;                        ///< m of training::BlockResult::map
  std::int64_t scale_terms = 0;                           ///< d of training::BlockResult::scale
  std::vector<std::pair<std::string, at::Tensor>> trunk;  ///< float64 on the CPU, by name
};

struct Layout {
  sweep::Share share;  ///< the samples that the file holds
  std::vector<Dimension> dimensions;
  std::vector<Variable> variables;
};

/// Throws job::InputError if two variables of the file would have the same name.
Layout make_layout(const job::Job& job, const sweep::Share& share, const NetworkArrays& network);

/// The size the file will have, to about a percent.
std::int64_t expected_bytes(const Layout& layout);

/// The part of a block's result that a variable stores: (B) or (B, ...), of the variable's type, contiguous.
/// swept: (B, s). Only for variables with by_sample() other than `sample` itself.
at::Tensor rows_of(const Variable& variable, const job::Job& job, const at::Tensor& swept,
                   const training::BlockResult& result);

}  // namespace gluesweep::output
