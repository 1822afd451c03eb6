#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Numbers and words as users read them. Private to the cli layer.
namespace gluesweep::cli {

/// 12345 -> "12,345".
std::string grouped(std::int64_t number);

/// "1 point", "12,345 points".
std::string counted(std::int64_t count, const std::string& noun);

/// Two significant digits: "3.4e-07", "0.12", "12"; "-" for an undefined number.
std::string rough(double value);

/// The shortest decimal text that reads back as the same double.
std::string exact(double value);

/// The finite number that a whole word is, blanks around it apart; none where it is something else.
std::optional<double> finite_number(const std::string& word);

/// 0.125 -> "12.5%"; cut, not rounded: 0.99999 -> "99.99%".
std::string percent(double share);

/// With this many digits after the point: "12.3".
std::string fixed(double value, int digits);

/// "850 kB", "1.2 GB" (powers of 1,000).
std::string bytes(double count);

/// "0.8 s", "34 s", "5:07 min", "2:03:04 h".
std::string duration(double seconds);

/// `text` so that a POSIX shell reads it as one word.
std::string shell_word(const std::string& text);

/// `text` for a message: control characters escaped, the end of a long one left out.
std::string printable(const std::string& text);

/// The same in single quotes.
std::string in_quotes(const std::string& text);

/// "  name<padding>text" and the line's end; texts of all lines begin below each other.
std::string line(const std::string& name, const std::string& text, std::size_t width = 24);

/// "a, b, c".
std::string joined(const std::vector<std::string>& words);

/// `; did you mean 'x'?` with the candidate closest in spelling, or nothing where none is close.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace gluesweep::cli
