#include "yaml_document.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "text.hpp"

namespace gluesweep::job {

namespace {

// Far more than a job has. Aliases of aliases nest without the parser's knowing.
constexpr int deepest_levels = 100;

/// Builds the tree from the parser's events, which carry places for keys and values alike.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::shared_ptr<const Source> source, std::string path)
      : source_(std::move(source)), path_(std::move(path)) {}

  NodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    fail(place(mark), path_, "a second document starts here", "keep one YAML document per file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place(mark);
    add(std::make_shared<Node>(std::move(node)), anchor, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.place = place(mark);
    node.text = value;
    node.is_quoted = tag == "!";
    add(std::make_shared<Node>(std::move(node)), anchor, 0);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      fail(place(mark), here(), "this alias refers to the value that contains it", "write the value itself");
    }
    add(found->second.node, 0, found->second.depth);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> key;  ///< map: the key whose value comes next
    std::map<std::string, Place> keys;
    int depth = 0;  ///< of the levels below
  };

  struct Anchored {
    NodePtr node;
    int depth = 0;
  };

  Place place(const YAML::Mark& mark) const {
    return {source_, std::max(mark.line, 0), std::max(mark.column, 0)};
  }

  /// The key path of what is being read.
  std::string here() const {
    std::string path = path_;
    for (const Level& level : levels_) {
      if (level.node->kind == Node::Kind::list) {
        path = child_path(path, std::to_string(level.node->items.size()));
      } else if (level.key) {
        path = child_path(path, level.key->key);
      }
    }
    return path;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    fail(place(mark), here(), "the tag " + in_quotes(tag) + " is not accepted",
         "write the plain value without a tag");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    if (expects_key()) bad_key(place(mark));
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->place = place(mark);
    levels_.push_back({std::move(node), anchor, {}, {}, 0});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.depth >= deepest_levels) too_deep(level.node->place);
    add(level.node, level.anchor, level.depth + 1);
  }

  bool expects_key() const {
    return !levels_.empty() && levels_.back().node->kind == Node::Kind::map && !levels_.back().key;
  }

  [[noreturn]] void bad_key(const Place& at) const {
    fail(at, here(), "a key must be a word", "write `key: value`, and close every bracket and quote");
  }

  [[noreturn]] void too_deep(const Place& at) const {
    fail(at, here(), "lists and mappings are nested too deeply", "a job needs a handful of levels");
  }

  /// A value with so many levels of lists and mappings.
  void add(const NodePtr& node, YAML::anchor_t anchor, int depth) {
    if (anchor != 0) anchors_[anchor] = {node, depth};
    if (!levels_.empty()) levels_.back().depth = std::max(levels_.back().depth, depth);
    if (levels_.empty()) {
      root_ = node;
    } else if (levels_.back().node->kind == Node::Kind::list) {
      levels_.back().node->items.push_back(node);
    } else if (expects_key()) {
      start_entry(*node);
    } else {
      Level& level = levels_.back();
      level.key->value = node;
      level.node->entries.push_back(std::move(*level.key));
      level.key.reset();
    }
  }

  void start_entry(const Node& key) {
    if (key.kind != Node::Kind::scalar) bad_key(key.place);
    Level& level = levels_.back();
    const auto [first, is_new] = level.keys.emplace(key.text, key.place);
    level.key = Entry{key.text, key.place, nullptr};
    if (is_new) return;
    fail(key.place, here(), "duplicate key " + in_quotes(key.text),
         "it is given before at " + place_text(first->second) + "; remove one of the two");
  }

  std::shared_ptr<const Source> source_;
  std::string path_;
  int documents_ = 0;
  NodePtr root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
};

Place place_of_offset(const std::shared_ptr<const Source>& source, std::size_t offset) {
  const std::string& text = source->text;
  Place place{source, 0, static_cast<int>(offset)};
  for (std::size_t i = 0; i < offset; ++i) {
    if (text[i] != '\n') continue;
    ++place.line;
    place.column = static_cast<int>(offset - i - 1);
  }
  return place;
}

/// Refuses what the YAML parser would misread without a word: binary bytes and tabs as indentation.
void check_text(const std::shared_ptr<const Source>& source, const std::string& path) {
  const std::string& text = source->text;
  if (text.size() > largest_job) {
    fail({source, 0, 0}, path, "the file has " + std::to_string(text.size()) + " bytes",
         "at most " + std::to_string(largest_job) + " are accepted; is this a job?");
  }
  if (const std::optional<std::size_t> bad = first_bad_byte(text)) {
    fail(place_of_offset(source, *bad), path, "a control character or a byte that is not UTF-8 text",
         "save the file as plain UTF-8 text");
  }
  bool indentation = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      indentation = true;
    } else if (indentation && text[i] == '\t') {
      const std::size_t content = text.find_first_not_of(" \t\r", i);
      const bool blank = content == std::string::npos || text[content] == '\n' || text[content] == '#';
      if (!blank)
        fail(place_of_offset(source, i), path, "a tab in the indentation", "YAML is indented by spaces");
    } else if (text[i] != ' ') {
      indentation = false;
    }
  }
}

/// The start of a scalar's own text, behind an anchor on the same line.
std::optional<std::size_t> scalar_start(const Node& scalar) {
  const std::string& text = scalar.place.source->text;
  std::size_t start = 0;
  for (int i = 0; i < scalar.place.line; ++i) {
    start = text.find('\n', start);
    if (start == std::string::npos) return {};
    ++start;
  }
  start += static_cast<std::size_t>(scalar.place.column);
  if (start >= text.size()) return {};
  if (text[start] == '&') {
    start = text.find_first_of(" \n", start);
    if (start != std::string::npos) start = text.find_first_not_of(' ', start);
    if (start == std::string::npos) return {};
  }
  return start;
}

/// The number of source characters and decoded bytes of the next unit inside quotes.
struct Unit {
  std::size_t written, decoded;
};

Unit next_unit(std::string_view text, char quote) {
  if (quote == '\'' && text.substr(0, 2) == "''") return {2, 1};
  if (quote != '"' || text[0] != '\\' || text.size() < 2) return {1, 1};
  switch (text[1]) {
    case 'x':
    case 'u':
    case 'U': {
      const std::size_t digits = text[1] == 'x' ? 2 : text[1] == 'u' ? 4 : 8;
      unsigned long code = 0;
      std::istringstream(std::string(text.substr(2, digits))) >> std::hex >> code;
      return {2 + digits, code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U};
    }
    case 'N':
    case '_': return {2, 2};
    case 'L':
    case 'P': return {2, 3};
    default: return {2, 1};
  }
}

NodePtr with_value_below(const NodePtr& node, const std::vector<std::string>& keys, std::size_t level,
                         const std::string& path, const NodePtr& value) {
  if (level == keys.size()) return value;
  const std::string& key = keys[level];
  auto copy = node ? std::make_shared<Node>(*node) : std::make_shared<Node>();
  if (copy->kind == Node::Kind::null) {
    copy->kind = Node::Kind::map;
    copy->place = value->place;
  }
  if (copy->kind == Node::Kind::scalar) {
    fail(value->place, path,
         "this is the value " + in_quotes(copy->text) + ", which has no key " + in_quotes(key),
         "set " + path + " as a whole");
  }
  const std::string below = child_path(path, key);
  if (copy->kind == Node::Kind::list) {
    const std::optional<std::int64_t> index = parse_integer(key);
    if (!index || *index < 0 || *index >= static_cast<std::int64_t>(copy->items.size())) {
      fail(value->place, path, "this list has no item " + in_quotes(key),
           copy->items.empty() ? "it is empty; set " + path + " as a whole"
                               : "accepted: an index from 0 to " + std::to_string(copy->items.size() - 1));
    }
    NodePtr& item = copy->items[static_cast<std::size_t>(*index)];
    item = with_value_below(item, keys, level + 1, below, value);
    return copy;
  }
  const auto found = std::find_if(copy->entries.begin(), copy->entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found == copy->entries.end()) {
    copy->entries.push_back({key, value->place, with_value_below(nullptr, keys, level + 1, below, value)});
  } else {
    found->value = with_value_below(found->value, keys, level + 1, below, value);
    if (level + 1 == keys.size()) found->place = value->place;
  }
  return copy;
}

}  // namespace

NodePtr parse_yaml(std::shared_ptr<const Source> source, const std::string& path) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (std::string_view(source->text).substr(0, 3) == byte_order_mark) {
    auto stripped = std::make_shared<Source>(*source);
    stripped->text.erase(0, byte_order_mark.size());
    source = stripped;
  }
  check_text(source, path);
  Builder builder(source, path);
  try {
    std::istringstream stream(source->text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const Place place{source, std::max(error.mark.line, 0), std::max(error.mark.column, 0)};
    if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr) {
      fail(place, path, "lists and mappings are nested too deeply", "a job needs a handful of levels");
    }
    fail(place, path, "this is not YAML: " + error.msg,
         "look here and above for a missing bracket, quote, colon or space, or for uneven indentation");
  }
  if (builder.root()) return builder.root();
  auto nothing = std::make_shared<Node>();
  nothing->place.source = source;
  return nothing;
}

std::optional<Place> place_inside(const Node& scalar, std::size_t offset) {
  const std::optional<std::size_t> start = scalar_start(scalar);
  if (!start) return {};
  const std::string_view text = scalar.place.source->text;
  const char first = text[*start];
  if (!scalar.is_quoted) {
    const std::string_view written = text.substr(*start, scalar.text.size());
    if (written != scalar.text || written.find('\n') != std::string_view::npos) return {};
    return place_of_offset(scalar.place.source, *start + offset);
  }
  if (first != '"' && first != '\'') return {};
  std::size_t at = *start + 1;
  std::size_t decoded = 0;
  while (decoded < offset) {
    if (at >= text.size() || text[at] == '\n' || text[at] == '\r') return {};
    const Unit unit = next_unit(text.substr(at), first);
    at += unit.written;
    decoded += unit.decoded;
  }
  return place_of_offset(scalar.place.source, std::min(at, text.size()));
}

NodePtr find_value(const NodePtr& map, const std::string& key) {
  for (const Entry& entry : map->entries) {
    if (entry.key == key) return entry.value;
  }
  return nullptr;
}

NodePtr with_value(const NodePtr& root, const std::vector<std::string>& keys, const NodePtr& value) {
  return with_value_below(root, keys, 0, "", value);
}

}  // namespace gluesweep::job
