#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small helpers for numbers and names in messages. Private to the job layer.
namespace gluesweep::job {

/// The whole of `text` as a decimal number (1, .5, 1e-3, +2.5), whatever the locale. Nothing where it is not
/// one, or where it is too large or too small for a double.
std::optional<double> parse_number(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

/// Is `text` written like a number (also nan, inf and one out of a double's range)?
bool looks_like_number(std::string_view text);

/// The shortest decimal text that reads back as the same double.
std::string to_text(double value);

/// `text` with control characters and bytes that are not UTF-8 written as escapes.
std::string escaped(std::string_view text);

/// `text` in double quotes for a message: escaped as above, the end of a long one left out.
std::string in_quotes(std::string_view text);

/// At most `length` bytes of `text`, cut between UTF-8 characters, with "..." where something was cut.
std::string clipped(std::string_view text, std::size_t length);

std::string joined(const std::vector<std::string>& words);

/// "1 point", "2 points".
std::string plural(std::int64_t count, const std::string& word);

/// The candidates closest in spelling to `word`; none where none is close.
std::vector<std::string> nearest(const std::string& word, const std::vector<std::string>& candidates);

/// `; did you mean "x"?`, or nothing.
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates);

/// A letter followed by letters, digits and underscores; not `null`.
bool is_identifier(std::string_view text);

/// The offset of the first byte that is not part of valid UTF-8 or is a control character other than tab,
/// line feed and carriage return.
std::optional<std::size_t> first_bad_byte(std::string_view text);

/// The number of bytes of the UTF-8 character that starts with `lead`.
std::size_t utf8_length(char lead);

}  // namespace gluesweep::job
