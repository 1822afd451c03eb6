#include "gluesweep/network/mean_field.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace gluesweep::network {
namespace {

constexpr double precision = 1.0e-9;  // of closed forms and of the tables

struct Coupling {
  double sigma_w, sigma_b;
};

MeanField theory(Activation activation, const Coupling& coupling) {
  return {activation, {coupling.sigma_w * coupling.sigma_w, coupling.sigma_b * coupling.sigma_b}};
}

/// A table of numbers at 16 digits, see reference.py beside it.
class Rows {
 public:
  explicit Rows(const std::string& name) {
    std::ifstream file(std::string(GLUESWEEP_TEST_DATA) + "/mean_field/" + name);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::istringstream words(line);
      Row row;
      std::string word;
      std::getline(words, word, ',');
      row.activation = activations().at(word);
      while (std::getline(words, word, ',')) row.numbers.push_back(std::stod(word));
      rows_.push_back(row);
    }
  }

  struct Row {
    Activation activation;
    std::vector<double> numbers;
  };
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  std::size_t size() const { return rows_.size(); }

 private:
  static const std::map<std::string, Activation>& activations() {
    static const std::map<std::string, Activation> all{{"tanh", Activation::tanh}, {"sin", Activation::sine},
                                                       {"silu", Activation::silu}, {"gelu", Activation::gelu},
                                                       {"selu", Activation::selu}, {"erf", Activation::erf}};
    return all;
  }
  std::vector<Row> rows_;
};

void expect_close(double found, double expected, double relative, const std::string& what) {
  EXPECT_NEAR(found, expected, relative * std::max(1.0, std::abs(expected))) << what;
}

TEST(MeanField, AgreesWithTheArcsineKernelOfErf) {
  const Coupling coupling{1.4, 0.2};
  const auto erf = theory(Activation::erf, coupling);
  const auto kernel = [](double uv, double uu, double vv) {  // Williams 1997
    return 2.0 / M_PI * std::asin(2.0 * uv / std::sqrt((1.0 + 2.0 * uu) * (1.0 + 2.0 * vv)));
  };
  for (const double first : {0.01, 1.0, 30.0}) {
    expect_close(erf.length(first), 1.96 * kernel(first, first, first) + 0.04, precision, "length");
    expect_close(erf.chi_1(first), 1.96 * 4.0 / M_PI / std::sqrt(1.0 + 4.0 * first), precision, "chi_1");
    for (const double c : {-0.7, 0.0, 0.3, 0.999999, 1.0}) {
      const double second = 2.0;
      const auto next = erf.next({first, second, c});
      const double covariance = 1.96 * kernel(c * std::sqrt(first * second), first, second) + 0.04;
      expect_close(next.correlation, covariance / std::sqrt(erf.length(first) * erf.length(second)),
                   precision, "correlation");
    }
  }
}

TEST(MeanField, AgreesWithTheClosedFormsOfTheSine) {
  const auto sine = theory(Activation::sine, {1.7, 0.3});
  for (const double q : {0.01, 1.0, 9.0}) {
    expect_close(sine.length(q), 2.89 * 0.5 * (1.0 - std::exp(-2.0 * q)) + 0.09, precision, "length");
    expect_close(sine.length_slope(q), 2.89 * std::exp(-2.0 * q), precision, "length_slope");
    expect_close(sine.chi_1(q), 2.89 * 0.5 * (1.0 + std::exp(-2.0 * q)), precision, "chi_1");
    for (const double c : {-0.9, 0.0, 0.5, 0.9999}) {
      expect_close(sine.correlation(c, q), (2.89 * std::exp(-q) * std::sinh(c * q) + 0.09) / q, precision,
                   "correlation");
      expect_close(sine.correlation_slope(c, q), 2.89 * std::exp(-q) * std::cosh(c * q), precision, "slope");
    }
  }
}

TEST(MeanField, FixedPointsAgreeWithHighPrecision) {
  const Rows rows("fixed_points.csv");
  EXPECT_GE(rows.size(), 15u);
  for (const auto& [activation, row] : rows) {
    const std::string what = activation_name(activation) + " at sigma_w " + std::to_string(row[0]);
    const auto found = theory(activation, {row[0], row[1]}).fixed_point(row[2] * 1.3);
    expect_close(found.q, row[2], precision, what + ": q*");
    expect_close(found.c, row[3], precision, what + ": c*");
    expect_close(found.chi_1, row[4], precision, what + ": chi_1");
    expect_close(found.length_depth, row[5], 1.0e-7, what + ": xi_q");
    expect_close(found.correlation_depth, row[6], 1.0e-7, what + ": xi_c");
    EXPECT_EQ(found.phase, row[4] < 1.0 ? Phase::ordered : Phase::chaotic) << what;
  }
}

TEST(MeanField, CriticalPointsAgreeWithHighPrecision) {
  const Rows rows("critical_points.csv");
  EXPECT_GE(rows.size(), 11u);
  for (const auto& [activation, row] : rows) {
    const auto found = critical_point(activation, row[0]);
    const std::string what = activation_name(activation) + " at sigma_b " + std::to_string(row[0]);
    expect_close(found.sigma_w, row[1], precision, what + ": sigma_w");
    expect_close(found.q, row[2], 1.0e-8, what + ": q*");
  }
}

TEST(MeanField, CriticalPointsWithoutBias) {
  for (const auto activation : {Activation::tanh, Activation::sine}) {
    const auto point = critical_point(activation, 0.0);
    EXPECT_NEAR(point.sigma_w, 1.0, 1e-12);
    EXPECT_EQ(point.q, 0.0);
    EXPECT_EQ(theory(activation, {point.sigma_w, 0.0}).fixed_point().phase, Phase::critical);
  }
  EXPECT_NEAR(critical_point(Activation::erf, 0.0).sigma_w, std::sqrt(M_PI) / 2.0, 1e-12);
  EXPECT_NEAR(critical_point(Activation::silu, 0.0).sigma_w, 2.0, 1e-12);
  EXPECT_THROW(critical_point(Activation::tanh, -0.1), std::invalid_argument);
  EXPECT_THROW(critical_point(Activation::tanh, std::nan("")), std::invalid_argument);
}

TEST(MeanField, TheHalfStableCriticalPointsOfTheLiterature) {
  // Roberts, Yaida and Hanin 2022, The Principles of Deep Learning Theory, 5.3.4: sigma_w^2, sigma_b^2, q* of
  // silu (there SWISH) and gelu; the last is (3 + sqrt 17) / 2.
  const double silu = smallest_stable_bias(Activation::silu), gelu = smallest_stable_bias(Activation::gelu);
  EXPECT_NEAR(silu * silu, 0.55514317, 1e-7);
  EXPECT_NEAR(std::pow(critical_point(Activation::silu, silu).sigma_w, 2), 1.98800468, 1e-7);
  EXPECT_NEAR(critical_point(Activation::silu, silu).q, 14.32017362, 1e-6);
  EXPECT_NEAR(gelu * gelu, 0.17292239, 1e-7);
  EXPECT_NEAR(std::pow(critical_point(Activation::gelu, gelu).sigma_w, 2), 1.98305826, 1e-7);
  EXPECT_NEAR(critical_point(Activation::gelu, gelu).q, (3.0 + std::sqrt(17.0)) / 2.0, 1e-6);
  for (const auto activation : {Activation::tanh, Activation::sine, Activation::selu, Activation::erf}) {
    EXPECT_EQ(smallest_stable_bias(activation), 0.0);
  }
}

TEST(MeanField, SeluKeepsUnitLength) {
  // Klambauer et al. 2017: mean 0 and variance 1 of the neurons are a fixed point for sigma_w = 1, sigma_b =
  // 0.
  const auto found = theory(Activation::selu, {1.0, 0.0}).fixed_point(0.5);
  EXPECT_NEAR(found.q, 1.0, 1e-10);
  EXPECT_EQ(found.phase, Phase::chaotic);
}

TEST(MeanField, SaysWhereTheLengthDiverges) {
  const auto found = theory(Activation::silu, {1.8, 0.1}).fixed_point();
  EXPECT_EQ(found.phase, Phase::divergent);
  EXPECT_TRUE(std::isinf(found.q));
  EXPECT_TRUE(std::isnan(found.chi_1));
  // Short vectors still shrink there.
  EXPECT_EQ(theory(Activation::silu, {1.8, 0.0}).fixed_point(0.01).phase, Phase::ordered);
}

TEST(MeanField, SlopesAreDerivatives) {
  const double step = 1.0e-5;
  for (const auto activation : {Activation::tanh, Activation::silu, Activation::gelu, Activation::selu}) {
    const auto field = theory(activation, {1.3, 0.4});
    const double q = 1.7, c = 0.6;
    expect_close(field.length_slope(q), (field.length(q + step) - field.length(q - step)) / (2.0 * step),
                 1e-8, activation_name(activation));
    const double at_fixed = (field.correlation(c + step, q) - field.correlation(c - step, q)) / (2.0 * step);
    expect_close(field.correlation_slope(c, q), at_fixed, 1e-8, activation_name(activation));
  }
}

TEST(MeanField, AnInputIsFullyCorrelatedWithItself) {
  for (const auto activation : {Activation::tanh, Activation::selu, Activation::gelu}) {
    const auto next = theory(activation, {2.0, 0.1}).next({1.5, 1.5, 1.0});
    EXPECT_NEAR(next.correlation, 1.0, 1e-12);
    EXPECT_EQ(next.first, next.second);
  }
}

}  // namespace
}  // namespace gluesweep::network
