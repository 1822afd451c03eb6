#include "network_text.hpp"

#include "gluesweep/network/activation.hpp"

namespace gluesweep::output {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

const char* const scale_text =
    "exp(sum_j scale[sample, constant, j] T_j(xi)), T_j the Chebyshev polynomials of the first kind";

const char* const map_text =
    "map[sample, patch, :] is a, b, then (c, w, beta) once or more; F(x) = (x - a)/(b - a) + sum beta "
    "(asinh((x - c)/w) - asinh((a - c)/w))/(asinh((b - c)/w) - asinh((a - c)/w)); xi = 2 F(x)/F(b) - 1 for "
    "x in [a, b], the region on which the patch was trained";

const char* state_text(const job::Job& job) {
  return job.training.ansatz == job::Training::Ansatz::sum
             ? "the sum of the solutions of all patches, each with its own coefficients; all patches share "
               "one map over the whole domain"
             : "the solution of the patch that owns the place, with its coefficients";
}

Texts trunk_text(const job::Job& job) {
  const bool residual = job.network.skip == job::Network::Skip::residual;
  const std::string further = residual ? "h = h + act(weight_l . h + bias_l) / sqrt(L - 1) for l = 2, ..., L"
                                       : "h = act(weight_l . h + bias_l) for l = 2, 3, ...";
  return {{"state", state_text(job)},
          {"coefficient",
           "C(xi) = s(xi) (features(xi) . head[sample, :, constant]), s(xi) = " + std::string(scale_text)},
          {"features",
           "h = act(slope (xi - centre)), then " + further +
               " where there are such; features = (h, 1) . mixing. The arrays are trunk_* where the point's "
               "rescue is 0 and rescue_trunk_* elsewhere; rows of head beyond their features are 0"},
          {"activation", network::activation_name(job.network.activation)},
          {"skip", network::skip_name(job.network.skip)},
          {"xi", map_text}};
}

/// Of one network, from the first rows of its column of head.
Texts perceptron_text(const job::Adam& settings, const std::string& last_rows) {
  return {
      {"network",
       "N(xi) = w . h_L + b, h_1 = tanh(w_1 xi + b_1), h_l = tanh(w_l . h_(l-1) + b_l), L hidden layers of "
       "H neurons. A column of head is, one after the other: w_1 (H), b_1 (H); for l = 2, ..., L w_l (H x "
       "H, row by row, a row per neuron of layer l) and b_l (H); w (H), b (1); " +
           last_rows},
      {"L", std::to_string(settings.layers)},
      {"H", std::to_string(settings.width)}};
}

Texts joined(Texts texts, const Texts& more) {
  texts.insert(texts.end(), more.begin(), more.end());
  return texts;
}

Texts adam_text(const job::Job& job) {
  const bool sum = job.training.ansatz == job::Training::Ansatz::sum;
  const std::string formula = sum ? "C(xi) = s(xi) (C0 + N(xi))" : "C(xi) = C0 + s(xi) N(xi)";
  return joined(
      {{"state", state_text(job)}, {"coefficient", formula + ", s(xi) = " + scale_text}, {"xi", map_text}},
      perceptron_text(job.training.adam,
                      sum ? "C0, in units of s" : "C0, the constant of conventional matching"));
}

Texts plain_text(const job::Job& job) {
  return joined(
      {{"state",
        "U(xi) = U0 exp(unit N(xi)) where the column's logarithm is 1, U0 + unit N(xi) where it is 0"},
       {"xi", "xi = 2 (x - a)/(b - a) - 1 for x in [a, b], the whole domain"}},
      perceptron_text(job.training.adam, "U0, unit, logarithm"));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> network_text(const job::Job& job) {
  Texts texts;
  switch (job.training.method) {
    case job::Training::Method::gauss_newton: texts = trunk_text(job); break;
    case job::Training::Method::adam: texts = adam_text(job); break;
    case job::Training::Method::plain: texts = plain_text(job); break;
    case job::Training::Method::matching: return {};
  }
  const auto& variable = job.problem.variable;
  texts.emplace_back("x",
                     variable.scale == job::Scale::log ? "log(" + variable.symbol + ")" : variable.symbol);
  return texts;
}

}  // namespace gluesweep::output
