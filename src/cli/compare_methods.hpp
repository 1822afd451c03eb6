#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gluesweep/job/job.hpp"

/// The methods that `gluesweep compare` runs, by their words in the job schema.
namespace gluesweep::cli {

struct MethodWord {
  job::Training::Method method;
  std::string_view name;
  bool has_ansatz;  ///< whether training.ansatz changes what it does
};

/// All there are, in the order of the table's rows: best first, none last.
inline constexpr std::array method_words{
    MethodWord{job::Training::Method::gauss_newton, "gauss_newton", true},
    MethodWord{job::Training::Method::adam, "adam", true},
    MethodWord{job::Training::Method::plain, "plain", false},
    MethodWord{job::Training::Method::matching, "matching", false},
};

inline std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodWord& word : method_words) names.emplace_back(word.name);
  return names;
}

/// "adam", or "adam:sum" for another ansatz than the default one.
inline std::string method_label(const job::Training& training) {
  for (const MethodWord& word : method_words) {
    if (word.method != training.method) continue;
    const bool sum = word.has_ansatz && training.ansatz == job::Training::Ansatz::sum;
    return std::string(word.name) + (sum ? ":sum" : "");
  }
  return "";
}

}  // namespace gluesweep::cli
