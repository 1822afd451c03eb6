#include <algorithm>
#include <set>

#include "gluesweep/job/reader.hpp"
#include "text.hpp"
#include "yaml_document.hpp"

namespace gluesweep::job {

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;  // key path, value

// A list of hundreds of values is one value to a reader of messages, and cut.
constexpr std::size_t longest_value = 60;

std::string flow_text(const NodePtr& node) {
  std::vector<std::string> words;
  switch (node->kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar: return node->is_quoted ? in_quotes(node->text) : node->text;
    case Node::Kind::list:
      for (const NodePtr& item : node->items) words.push_back(flow_text(item));
      return "[" + joined(words) + "]";
    case Node::Kind::map: break;
  }
  for (const Entry& entry : node->entries) words.push_back(entry.key + ": " + flow_text(entry.value));
  return "{" + joined(words) + "}";
}

void collect(const NodePtr& node, const std::string& path, Values& values) {
  const bool of_maps =
      node->kind == Node::Kind::list && !node->items.empty() && node->items.front()->kind == Node::Kind::map;
  if (node->kind == Node::Kind::map && !node->entries.empty()) {
    for (const Entry& entry : node->entries) collect(entry.value, child_path(path, entry.key), values);
  } else if (of_maps) {
    for (std::size_t i = 0; i < node->items.size(); ++i)
      collect(node->items[i], path + "[" + std::to_string(i) + "]", values);
  } else {
    values.emplace_back(path, flow_text(node));
  }
}

Values values_of(const std::string& text, const std::string& name) {
  Values values;
  collect(parse_yaml(std::make_shared<Source>(Source{name, text, true}), ""), "", values);
  return values;
}

std::string value_at(const Values& values, const std::string& key) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& pair) { return pair.first == key; });
  if (found != values.end()) return found->second;
  return key == "network.trunk.train" ? "none" : "absent";  // resolved jobs did not say it once
}

}  // namespace

std::vector<Difference> differences(const std::string& one, const std::string& other,
                                    const std::string& name) {
  const Values first = values_of(one, name), second = values_of(other, "resolved job");
  std::set<std::string> seen{"run.device", "run.time_limit", "run.sync", "sweep.file"};
  std::vector<Difference> found;
  for (const Values* values : {&first, &second}) {
    for (const auto& [key, value] : *values) {
      if (!seen.insert(key).second) continue;
      const std::string one_value = value_at(first, key), other_value = value_at(second, key);
      if (one_value == other_value) continue;
      found.push_back({key, clipped(one_value, longest_value), clipped(other_value, longest_value)});
    }
  }
  return found;
}

}  // namespace gluesweep::job
