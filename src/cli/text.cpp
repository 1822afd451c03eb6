#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace gluesweep::cli {
namespace {

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), pattern, values...);
  return buffer.data();
}

/// Levenshtein's distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string counted(std::int64_t count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(std::abs(number));
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return number < 0 ? "-" + digits : digits;
}

std::string rough(double value) {
  if (std::isnan(value)) return "-";
  return format("%.2g", value);
}

std::string exact(double value) {
  for (int digits = 6; digits < 17; ++digits) {
    const std::string text = format("%.*g", digits, value);
    if (std::strtod(text.c_str(), nullptr) == value) return text;
  }
  return format("%.17g", value);
}

std::optional<double> finite_number(const std::string& word) {
  const auto first = word.find_first_not_of(" \t"), last = word.find_last_not_of(" \t");
  if (first == std::string::npos) return std::nullopt;
  const char* end = word.data() + last + 1;
  double value = 0.0;
  const auto [stop, error] = std::from_chars(word.data() + first, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string percent(double share) {
  const double value = 100.0 * share + 1e-9;
  std::string text = std::to_string(static_cast<int>(value));
  // 99.96% is not all: cut, do not round up.
  const int decimals = static_cast<int>(std::floor(value * 100.0)) % 100;
  if (decimals != 0) text += (decimals < 10 ? ".0" : ".") + std::to_string(decimals);
  return text + "%";
}

std::string fixed(double value, int digits) { return format("%.*f", digits, value); }

std::string bytes(double count) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (count >= 999.5 && unit + 1 < units.size()) {
    count /= 1000.0;
    ++unit;
  }
  return format(count < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", count, units[unit]);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  if (seconds < 9.95) return format("%.1f s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 60) return format("%lld s", whole);
  if (whole < 3600) return format("%lld:%02lld min", whole / 60, whole % 60);
  return format("%lld:%02lld:%02lld h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string shell_word(const std::string& text) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char character : text) {
    if (character == '\'') {
      quoted += "'\\''";
    } else {
      quoted += character;
    }
  }
  return quoted + "'";
}

std::string printable(const std::string& text) {
  constexpr std::size_t longest = 200;
  std::string result;
  for (const char c : text) {
    const bool is_start = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // of a UTF-8 character
    if (result.size() > longest && is_start) return result + "...";
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    result += is_control ? format("\\x%02x", static_cast<unsigned>(c)) : std::string(1, c);
  }
  return result;
}

std::string in_quotes(const std::string& text) { return "'" + printable(text) + "'"; }

std::string line(const std::string& name, const std::string& text, std::size_t width) {
  return "  " + name + std::string(name.size() < width ? width - name.size() : 1, ' ') + text + "\n";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t smallest = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // A word cut short is close to what it abbreviates.
    const bool abbreviated = word.size() >= 3 && candidate.compare(0, word.size(), word) == 0;
    const std::size_t away = abbreviated ? 1 : distance(word, candidate);
    if (away < smallest) {
      smallest = away;
      best = &candidate;
    }
  }
  return best == nullptr ? "" : "; did you mean '" + *best + "'?";
}

}  // namespace gluesweep::cli
