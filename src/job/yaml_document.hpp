#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics.hpp"

/// A YAML text as an immutable tree in which every key and value knows where it was written.
namespace gluesweep::job {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  std::string key;
  Place place;  ///< of the key
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;            ///< scalar: decoded
  bool is_quoted = false;      ///< scalar: in quotes or a block, so never a number, true or false
  std::vector<NodePtr> items;  ///< list
  std::vector<Entry> entries;  ///< map, in the order written, keys unique
};

/// Parses one YAML document. `path` is the key path of its root in messages. Throws InputError for anything
/// but a single well-formed document without tags, duplicate keys or keys that are not plain words.
NodePtr parse_yaml(std::shared_ptr<const Source> source, const std::string& path);

/// The place of the character at `offset` of a scalar's decoded text, where the scalar stands on one line.
std::optional<Place> place_inside(const Node& scalar, std::size_t offset);

/// The value at `key` of a map, or null.
NodePtr find_value(const NodePtr& map, const std::string& key);

/// A copy of `root` in which the value at the key path (list items by index, absent maps made) is `value`, as
/// written at `value->place`. Throws InputError where the path goes through something else.
NodePtr with_value(const NodePtr& root, const std::vector<std::string>& keys, const NodePtr& value);

}  // namespace gluesweep::job
