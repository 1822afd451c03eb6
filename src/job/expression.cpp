#include "gluesweep/job/expression.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "text.hpp"

namespace gluesweep::job {

namespace {

constexpr std::size_t longest_text = 10000;
constexpr int deepest_nesting = 200;

struct FunctionInfo {
  Function function;
  std::string_view name;
  std::size_t arguments;
};

constexpr std::array<FunctionInfo, 19> function_table{{
    {Function::exp, "exp", 1},     {Function::expm1, "expm1", 1}, {Function::log, "log", 1},
    {Function::log10, "log10", 1}, {Function::log1p, "log1p", 1}, {Function::sqrt, "sqrt", 1},
    {Function::sin, "sin", 1},     {Function::cos, "cos", 1},     {Function::tan, "tan", 1},
    {Function::asin, "asin", 1},   {Function::acos, "acos", 1},   {Function::atan, "atan", 1},
    {Function::sinh, "sinh", 1},   {Function::cosh, "cosh", 1},   {Function::tanh, "tanh", 1},
    {Function::erf, "erf", 1},     {Function::abs, "abs", 1},     {Function::min, "min", 2},
    {Function::max, "max", 2},
}};

const FunctionInfo& info_of(Function function) {
  for (const FunctionInfo& info : function_table) {
    if (info.function == function) return info;
  }
  throw std::invalid_argument("not a function of expressions");
}

const FunctionInfo* find_function(std::string_view name) {
  for (const FunctionInfo& info : function_table) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const FunctionInfo& info : function_table) names.emplace_back(info.name);
  return names;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// How a character is shown in a message: as it is, or by its code where it would not print.
std::string shown(std::string_view text, std::size_t position) {
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte == '\n' || byte == '\r') return "a line break";
  if (byte == '\t') return "a tab";
  if (byte < 0x20 || byte == 0x7F) return "a control character";
  if (byte >= 0x80) {
    const std::string_view character = text.substr(position, utf8_length(text[position]));
    return first_bad_byte(character) ? "a byte that is not text" : "the character " + in_quotes(character);
  }
  return "'" + std::string(1, text[position]) + "'";
}

constexpr const char* accepted_text =
    "accepted: numbers, names, + - * / **, parentheses and elementary functions";

/// What to do about a character that starts nothing in the grammar.
std::string remedy_for(char c) {
  switch (c) {
    case '^': return "write ** for a power";
    case '%': return "there is no remainder or percent; accepted operators: + - * / **";
    case '!': return "there is no factorial or negation; accepted operators: + - * / **";
    case '<':
    case '>': return "comparisons are not accepted; min(a, b) and max(a, b) are";
    case '=': return "an expression is a value, not a statement or comparison";
    case ';': return "an expression is one value, not a sequence of statements";
    case '\'':
    case '"':
    case '`': return "text is not accepted inside an expression; write names without quotes";
    case '.': return "attribute access is not accepted; a point belongs to a number only";
    case '[':
    case ']':
    case '{':
    case '}': return "use round parentheses; lists and indices are not accepted";
    case '\n':
    case '\r': return "an expression is one line; YAML's `>-` folds several lines into one";
    case '\t': return "use spaces";
    default: break;
  }
  if (static_cast<unsigned char>(c) >= 0x80)
    return "use ASCII characters only: - for minus, * for times, ** for powers";
  return accepted_text;
}

enum class TokenKind { number, name, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  ///< a slice of the expression
  double number = 0.0;
  std::size_t position = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    while (place_ < text_.size() && text_[place_] == ' ') ++place_;
    if (place_ == text_.size()) return {TokenKind::end, {}, 0.0, place_};
    const char c = text_[place_];
    if (is_digit(c) || (c == '.' && place_ + 1 < text_.size() && is_digit(text_[place_ + 1])))
      return number();
    if (is_letter(c)) return name();
    return symbol();
  }

 private:
  Token take(TokenKind kind, std::size_t length) {
    const Token token{kind, text_.substr(place_, length), 0.0, place_};
    place_ += length;
    return token;
  }

  std::size_t digits_from(std::size_t at) const {
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at;
  }

  Token number() {
    std::size_t end = digits_from(place_);
    if (end < text_.size() && text_[end] == '.') end = digits_from(end + 1);
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (digits_from(exponent) == exponent) {
        throw ExpressionError(
            "the number " + in_quotes(text_.substr(place_, exponent - place_)) + " lacks its exponent",
            "write it like 1e-3", end);
      }
      end = digits_from(exponent);
    }
    Token token = take(TokenKind::number, end - place_);
    const std::optional<double> value = parse_number(token.text);
    if (!value) {
      throw ExpressionError("the number " + in_quotes(token.text) + " is out of range",
                            "a number is 0 or has a size from about 1e-307 to 1.8e308", token.position);
    }
    token.number = *value;
    return token;
  }

  Token name() {
    std::size_t end = place_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    return take(TokenKind::name, end - place_);
  }

  Token symbol() {
    const char c = text_[place_];
    const bool doubled = place_ + 1 < text_.size() && text_[place_ + 1] == c;
    if (c == '*' && doubled) return take(TokenKind::symbol, 2);
    if (c == '/' && doubled) {
      throw ExpressionError("'//' is not accepted", "write / for a division", place_);
    }
    constexpr std::string_view accepted = "+-*/(),";
    if (accepted.find(c) == std::string_view::npos) {
      throw ExpressionError(shown(text_, place_) + " is not accepted in an expression", remedy_for(c),
                            place_);
    }
    return take(TokenKind::symbol, 1);
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

using NodePointer = std::shared_ptr<const ExpressionNode>;

NodePointer make_node(ExpressionKind kind, std::size_t position, std::vector<NodePointer> operands) {
  auto node = std::make_shared<ExpressionNode>();
  node->kind = kind;
  node->position = position;
  node->operands = std::move(operands);
  return node;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  NodePointer whole() {
    if (token_.kind == TokenKind::end) {
      throw ExpressionError("the expression is empty", "write a number, a name or a formula", 0);
    }
    NodePointer root = sum();
    if (token_.kind != TokenKind::end) unexpected();
    return root;
  }

 private:
  /// Counts the levels of parentheses, signs and powers that are open.
  class Level {
   public:
    Level(Parser& parser, std::size_t position) : parser_(parser) {
      if (++parser_.depth_ > deepest_nesting) {
        throw ExpressionError(
            "the expression is nested more than " + std::to_string(deepest_nesting) + " levels deep",
            "split it with `definitions`", position);
      }
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  void advance() {
    previous_ = token_;
    token_ = lexer_.next();
  }

  bool at(std::string_view symbol) const { return token_.kind == TokenKind::symbol && token_.text == symbol; }

  /// The current token fits nowhere: an operator is missing before a value, or a value before an operator.
  [[noreturn]] void unexpected() const {
    if (token_.kind == TokenKind::end) {
      throw ExpressionError("the expression ends where a value is needed",
                            "add a number, a name or a parenthesis", token_.position);
    }
    const bool after_value = previous_.kind == TokenKind::number || previous_.kind == TokenKind::name ||
                             (previous_.kind == TokenKind::symbol && previous_.text == ")");
    const bool value = token_.kind != TokenKind::symbol || token_.text == "(";
    const std::string problem = in_quotes(token_.text) + " is not expected here";
    if (after_value && value) {
      throw ExpressionError(problem, "an operator is missing before it; " + std::string(accepted_text),
                            token_.position);
    }
    if (token_.text == ")") {
      throw ExpressionError(problem, after_value ? "no parenthesis is open" : "a value is missing before it",
                            token_.position);
    }
    if (token_.text == ",") {
      throw ExpressionError(problem, "commas separate the arguments of min and max; decimals take a point",
                            token_.position);
    }
    throw ExpressionError(problem, "a value is missing before it", token_.position);
  }

  NodePointer sum() {
    NodePointer left = product();
    while (at("+") || at("-")) {
      const ExpressionKind kind = at("+") ? ExpressionKind::add : ExpressionKind::subtract;
      advance();
      NodePointer right = product();
      const std::size_t position = left->position;
      left = make_node(kind, position, {std::move(left), std::move(right)});
    }
    return left;
  }

  NodePointer product() {
    NodePointer left = signed_value();
    while (at("*") || at("/")) {
      const ExpressionKind kind = at("*") ? ExpressionKind::multiply : ExpressionKind::divide;
      advance();
      NodePointer right = signed_value();
      const std::size_t position = left->position;
      left = make_node(kind, position, {std::move(left), std::move(right)});
    }
    return left;
  }

  NodePointer signed_value() {
    if (!at("+") && !at("-")) return power();
    const bool minus = at("-");
    const std::size_t position = token_.position;
    const Level level(*this, position);
    advance();
    NodePointer operand = signed_value();
    return minus ? make_node(ExpressionKind::negate, position, {std::move(operand)}) : operand;
  }

  NodePointer power() {
    NodePointer base = atom();
    if (!at("**")) return base;
    const Level level(*this, token_.position);
    advance();
    NodePointer exponent = signed_value();
    const std::size_t position = base->position;
    return make_node(ExpressionKind::power, position, {std::move(base), std::move(exponent)});
  }

  NodePointer atom() {
    if (at("(")) return parenthesis();
    if (token_.kind == TokenKind::name) return name();
    if (token_.kind != TokenKind::number) unexpected();
    auto node = std::make_shared<ExpressionNode>();
    node->number = token_.number;
    node->position = token_.position;
    advance();
    return node;
  }

  NodePointer parenthesis() {
    const std::size_t open = token_.position;
    const Level level(*this, open);
    advance();
    NodePointer inside = sum();
    close(open);
    return inside;
  }

  /// Passes the closing parenthesis of the one at `open`.
  void close(std::size_t open) {
    if (token_.kind == TokenKind::end) {
      throw ExpressionError("this parenthesis is never closed", "add the missing )", open);
    }
    if (!at(")")) unexpected();
    advance();
  }

  NodePointer name() {
    const Token name = token_;
    advance();
    if (at("(")) return call(name);
    if (find_function(name.text) != nullptr) {
      throw ExpressionError(in_quotes(name.text) + " is a function", "give its argument in parentheses",
                            name.position);
    }
    auto node = std::make_shared<ExpressionNode>();
    node->position = name.position;
    if (name.text == "pi") {
      node->number = std::acos(-1.0);
    } else {
      node->kind = ExpressionKind::symbol;
      node->symbol = std::string(name.text);
    }
    return node;
  }

  NodePointer call(const Token& name) {
    const FunctionInfo* info = find_function(name.text);
    if (info == nullptr) {
      const std::vector<std::string> names = function_names();
      throw ExpressionError(
          in_quotes(name.text) + " is not a function" + suggestion(std::string(name.text), names),
          "accepted functions: " + joined(names) + "; write * for a product", name.position);
    }
    const std::size_t open = token_.position;
    const Level level(*this, open);
    advance();
    std::vector<NodePointer> arguments;
    if (!at(")")) arguments.push_back(sum());
    while (at(",")) {
      if (arguments.size() == info->arguments) wrong_count(*info, token_.position);
      advance();
      arguments.push_back(sum());
    }
    if (at(")") && arguments.size() < info->arguments) wrong_count(*info, token_.position);
    close(open);
    auto node = std::make_shared<ExpressionNode>();
    node->kind = ExpressionKind::call;
    node->function = info->function;
    node->operands = std::move(arguments);
    node->position = name.position;
    return node;
  }

  [[noreturn]] static void wrong_count(const FunctionInfo& info, std::size_t position) {
    const std::string name(info.name);
    throw ExpressionError("wrong number of arguments for " + name,
                          info.arguments == 1 ? "write " + name + "(x), with one argument"
                                              : "write " + name + "(a, b), with two arguments",
                          position);
  }

  Lexer lexer_;
  Token token_, previous_;
  int depth_ = 0;
};

/// Visits every node once, without recursion.
template <class Visitor>
void visit(const Expression& expression, Visitor visitor) {
  std::vector<const ExpressionNode*> open;
  if (expression.root) open.push_back(expression.root.get());
  while (!open.empty()) {
    const ExpressionNode* node = open.back();
    open.pop_back();
    visitor(*node);
    for (const NodePointer& operand : node->operands) open.push_back(operand.get());
  }
}

}  // namespace

ExpressionNode::~ExpressionNode() {
  std::vector<std::shared_ptr<const ExpressionNode>> open = std::move(operands);
  while (!open.empty()) {
    const std::shared_ptr<const ExpressionNode> node = std::move(open.back());
    open.pop_back();
    if (node.use_count() > 1) continue;
    // The last owner is here, and nodes are created non-const: taking the operands leaves a leaf to destroy.
    auto& below = const_cast<ExpressionNode&>(*node).operands;
    for (auto& operand : below) open.push_back(std::move(operand));
    below.clear();
  }
}

std::string_view function_name(Function function) { return info_of(function).name; }

std::size_t argument_count(Function function) { return info_of(function).arguments; }

Expression parse_expression(std::string_view text) {
  if (text.size() > longest_text) {
    throw ExpressionError(
        "the expression has " + std::to_string(text.size()) + " characters",
        "at most " + std::to_string(longest_text) + " are accepted; split it with `definitions`",
        longest_text);
  }
  return {std::string(text), Parser(text).whole()};
}

Expression constant_expression(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("a constant expression needs a finite number");
  return parse_expression(to_text(value));
}

std::set<std::string> symbols_of(const Expression& expression) {
  std::set<std::string> symbols;
  visit(expression, [&](const ExpressionNode& node) {
    if (node.kind == ExpressionKind::symbol) symbols.insert(node.symbol);
  });
  return symbols;
}

std::size_t position_of(const Expression& expression, const std::string& symbol) {
  std::size_t first = std::string::npos;
  visit(expression, [&](const ExpressionNode& node) {
    if (node.kind == ExpressionKind::symbol && node.symbol == symbol) first = std::min(first, node.position);
  });
  if (first == std::string::npos) throw std::invalid_argument("the expression does not use " + symbol);
  return first;
}

const std::set<std::string>& reserved_names() {
  static const std::set<std::string> names = [] {
    std::set<std::string> all{"pi"};
    for (const FunctionInfo& info : function_table) all.emplace(info.name);
    return all;
  }();
  return names;
}

}  // namespace gluesweep::job
