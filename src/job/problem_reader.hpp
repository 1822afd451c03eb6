#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "field.hpp"
#include "gluesweep/job/job.hpp"
#include "symbols.hpp"

namespace gluesweep::job {

/// Reads the mapping `problem` (design of the schema: docs of job.hpp). The parts are read in the order in
/// which names become known; see read().
class ProblemReader {
 public:
  explicit ProblemReader(Field root) : root_(std::move(root)) {}
  Problem read();

 private:
  void read_variable();
  void read_parameters();
  void read_definitions();
  void read_unknowns();
  void read_equations();
  void read_exact();
  void read_conditions();
  void read_condition(const Field& item, std::set<std::pair<double, std::string>>& taken);
  void read_patch_names();
  void read_constants(const Field& field, Patch& patch);
  void read_patches();
  void read_patch(const Field& field, Patch& patch, bool is_last);
  void read_solution(const Field& field, Patch& patch);
  std::set<std::string> read_definitions_of(const Field& field, Patch& patch, Scope& scope);
  void read_inverse(const Field& field, Patch& patch);
  void read_derived();

  /// A map with an expression for every unknown.
  Field field_of_unknowns(const Field& map, const std::string& key, const std::string& remedy) const;
  /// An expression of a place: a plain number must lie within the variable's range.
  Expression read_place(const Field& field) const;
  Expression read_overlap(const Field& field) const;

  Scope scope_with_variable() const;     ///< variable, parameters, definitions
  Scope scope_without_variable() const;  ///< parameters and definitions that do not depend on the variable
  std::vector<std::string> unknown_names() const;
  std::map<std::string, std::string> elsewhere() const;

  Field root_;
  Problem problem_;
  NameTable names_;
  std::set<std::string> varying_definitions_;                      ///< depend on the variable
  std::map<std::string, std::vector<std::string>> constant_home_;  ///< constant -> its patches
};

/// The bounds of a `range: [low, high]`, low < high, both above 0 for a log scale.
std::pair<double, double> read_range(const Field& range, Scale scale);

}  // namespace gluesweep::job
