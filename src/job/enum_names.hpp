#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gluesweep/job/job.hpp"

/// The words of the schema for enumerators, for the reader and the writer alike.
namespace gluesweep::job {

template <class Enum>
struct EnumName {
  Enum value;
  std::string_view name;
};

template <class Enum>
const std::vector<EnumName<Enum>>& enum_names();

template <>
inline const std::vector<EnumName<Scale>>& enum_names() {
  static const std::vector<EnumName<Scale>> names{{Scale::linear, "linear"}, {Scale::log, "log"}};
  return names;
}

template <>
inline const std::vector<EnumName<Sampler>>& enum_names() {
  static const std::vector<EnumName<Sampler>> names{{Sampler::grid, "grid"},
                                                    {Sampler::sobol, "sobol"},
                                                    {Sampler::latin_hypercube, "latin_hypercube"},
                                                    {Sampler::random, "random"},
                                                    {Sampler::list, "list"}};
  return names;
}

template <>
inline const std::vector<EnumName<Network::Activation>>& enum_names() {
  static const std::vector<EnumName<Network::Activation>> names{
      {Network::Activation::tanh, "tanh"}, {Network::Activation::sine, "sine"},
      {Network::Activation::sine, "sin"},  {Network::Activation::silu, "silu"},
      {Network::Activation::gelu, "gelu"}, {Network::Activation::selu, "selu"},
      {Network::Activation::erf, "erf"}};
  return names;
}

template <>
inline const std::vector<EnumName<Network::Skip>>& enum_names() {
  static const std::vector<EnumName<Network::Skip>> names{{Network::Skip::none, "none"},
                                                          {Network::Skip::residual, "residual"}};
  return names;
}

template <>
inline const std::vector<EnumName<Training::Method>>& enum_names() {
  static const std::vector<EnumName<Training::Method>> names{{Training::Method::gauss_newton, "gauss_newton"},
                                                             {Training::Method::adam, "adam"},
                                                             {Training::Method::plain, "plain"},
                                                             {Training::Method::matching, "matching"}};
  return names;
}

template <>
inline const std::vector<EnumName<Training::Ansatz>>& enum_names() {
  static const std::vector<EnumName<Training::Ansatz>> names{{Training::Ansatz::frames, "frames"},
                                                             {Training::Ansatz::sum, "sum"}};
  return names;
}

template <class Enum>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& entry : enum_names<Enum>()) names.emplace_back(entry.name);
  return names;
}

template <class Enum>
std::string name_of(Enum value) {
  for (const auto& entry : enum_names<Enum>()) {
    if (entry.value == value) return std::string(entry.name);
  }
  return {};
}

}  // namespace gluesweep::job
