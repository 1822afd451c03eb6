#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "enum_names.hpp"
#include "gluesweep/job/expression.hpp"
#include "yaml_document.hpp"

namespace gluesweep::job {

/// One value of a document with its key path: typed access in which every error names the place, the
/// offending value and what is accepted. All functions throw InputError.
class Field {
 public:
  Field(NodePtr node, std::string path, Place key_place)
      : node_(std::move(node)), path_(std::move(path)), key_place_(std::move(key_place)) {}

  const std::string& path() const { return path_; }
  const std::string& key() const { return key_; }
  const Place& place() const { return node_->place; }
  Node::Kind kind() const { return node_->kind; }
  bool is_number() const;

  [[noreturn]] void fail(const std::string& problem, const std::string& remedy) const;
  [[noreturn]] void fail_at_key(const std::string& problem, const std::string& remedy) const;
  /// The caret at an offset of this scalar's text (an expression).
  [[noreturn]] void fail_inside(std::size_t offset, const std::string& problem,
                                const std::string& remedy) const;
  /// A key that should be in this map; `remedy` says what to give.
  [[noreturn]] void fail_missing(const std::string& key, const std::string& remedy) const;

  /// This is a map (or empty) with no other keys than these.
  void accept_keys(const std::vector<std::string>& accepted) const;
  bool has(const std::string& key) const { return find(key).has_value(); }
  std::optional<Field> find(const std::string& key) const;
  Field require(const std::string& key, const std::string& remedy) const;
  /// The entries of a map, in the order written.
  std::vector<Field> entries() const;
  /// The items of a list.
  std::vector<Field> items() const;

  double number() const;
  std::vector<double> numbers() const;
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  bool boolean() const;
  /// One line of text.
  std::string text() const;
  /// Text of any number of lines.
  std::string long_text() const;
  Expression expression() const;

  template <class Enum>
  Enum choice() const {
    return enum_names<Enum>()[choice_index(names_of<Enum>())].value;
  }

 private:
  std::size_t choice_index(const std::vector<std::string>& accepted) const;
  const std::string& scalar(const std::string& needed) const;
  [[noreturn]] void mistyped(const std::string& needed, const std::string& remedy) const;

  NodePtr node_;
  std::string path_;
  Place key_place_;
  std::string key_;
};

/// Optional values: the target keeps its default where the key is absent.
inline void read_integer(const Field& map, const std::string& key, int low, int high, int& target) {
  if (const auto field = map.find(key)) target = static_cast<int>(field->integer(low, high));
}

}  // namespace gluesweep::job
