#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "gluesweep/network/trunk.hpp"

namespace gluesweep::network {

/// A measured number and its standard error.
struct Estimate {
  double value, error;
};

/// Mean of independent values along the first dimension, and its standard error.
struct Estimates {
  at::Tensor value, error;
};
Estimates mean_of_draws(const at::Tensor& values);

/// What couples a layer to the one before it, and what its neurons do.
struct LayerStatistics {
  Estimate weight_variance;         ///< times the number of inputs: sigma_w^2; of the first layer NaN
  Estimate bias_variance;           ///< sigma_b^2; of the first layer NaN
  double weight_kurtosis;           ///< excess over that of a Gaussian
  double mean, variance, kurtosis;  ///< of act(z) over all neurons and places; the kurtosis is the excess
};

/// Layer by layer, with inputs at the places xi (m).
std::vector<LayerStatistics> layer_statistics(const Trunk& trunk, const at::Tensor& xi);

/// Bartlett's test that groups of independent numbers, (n_i) each, have one variance. Divided by 1 + excess
/// kurtosis / 2 of all (Box 1953), so that the numbers need not be Gaussian: chi-square distributed with one
/// degree of freedom less than there are groups. At least two groups, of variances above 0.
struct VarianceTest {
  double statistic;
  int degrees;
  double p_value;
};
VarianceTest equal_variances(const std::vector<at::Tensor>& groups);

/// Are all layers behind the first coupled alike? Then the chain of layers looks the same from each of its
/// places, and integrating layers out leads to a chain of the same kind.
struct SymmetryTest {
  VarianceTest weights;
  VarianceTest biases;  ///< p_value NaN where there are no biases
  double p_value;       ///< of both (Fisher's method); NaN with fewer than two such layers
};
SymmetryTest translational_symmetry(const Trunk& trunk);

/// Probability that a chi-square variable exceeds `statistic`.
double chi_square_tail(double statistic, int degrees);

}  // namespace gluesweep::network
