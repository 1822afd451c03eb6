#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "field.hpp"

namespace gluesweep::job {

/// The names of a problem and of the sweep file's variables, each with what it stands for.
class NameTable {
 public:
  /// Registers `name` ("a parameter", ...). Fails at the field's key where it is no name or is taken.
  void claim(const Field& field, const std::string& name, const std::string& meaning);

  /// The same checks without registering (a constant's own name: patches may share it).
  void check(const Field& field, const std::string& name, const std::string& meaning) const;

  const std::map<std::string, std::string>& meanings() const { return meanings_; }

 private:
  std::map<std::string, std::string> meanings_;
};

/// The symbols that an expression may use, and for others that exist what they are.
struct Scope {
  std::vector<std::string> accepted;
  std::map<std::string, std::string> elsewhere;

  Scope with(const std::vector<std::string>& more) const;
};

/// Parses the field's expression and refuses the first symbol that is not in scope.
Expression read_expression(const Field& field, const Scope& scope);

}  // namespace gluesweep::job
