#include "gluesweep/network/representation.hpp"

#include <gtest/gtest.h>

namespace gluesweep::network {
namespace {

TEST(Representation, WhatTheFeaturesSpanIsFittedExactly) {
  job::Network network;
  network.features = 40;
  const Elements elements(20, 5);
  const Trunk trunk(network, elements);
  const auto fine = fine_places(elements);
  const auto own = fit_errors(trunk, elements, trunk.features(elements.xi).narrow(1, 0, 5),
                              trunk.features(fine).narrow(1, 0, 5));
  EXPECT_LT(own.max().item<double>(), 1e-9);
}

TEST(Representation, MoreFeaturesFitBetterAndSteeperStepsWorse) {
  const Elements elements(40, 5);
  const auto errors = [&](int features) {
    job::Network network;
    network.features = features;
    const Trunk trunk(network, elements);
    std::vector<at::Tensor> nodes, places;
    for (const auto& function : test_functions()) {
      nodes.push_back(function.value(elements.xi));
      places.push_back(function.value(fine_places(elements)));
    }
    return fit_errors(trunk, elements, at::stack(nodes, 1), at::stack(places, 1));
  };
  const auto few = errors(24), many = errors(96);
  EXPECT_EQ(few.size(0), static_cast<std::int64_t>(test_functions().size()));
  EXPECT_TRUE((many.slice(0, 0, 4) < few.slice(0, 0, 4)).all().item<bool>());
  EXPECT_LT(many[0].item<double>(), 1e-6);
  EXPECT_LT(many[2].item<double>(), many[3].item<double>());
  EXPECT_LT(many[3].item<double>(), many[4].item<double>());
}

TEST(Representation, SpectrumOfATrunk) {
  job::Network network;
  network.features = 30;
  const Elements elements(40, 5);
  const auto spectrum = feature_spectrum(Trunk(network, elements), elements);
  EXPECT_EQ(spectrum.values.size(0), 31);
  EXPECT_EQ(spectrum.values[0].item<double>(), 1.0);
  EXPECT_TRUE((spectrum.values.slice(0, 1) <= spectrum.values.slice(0, 0, 30)).all().item<bool>());
  EXPECT_EQ(spectrum.rank, 31);
  EXPECT_NEAR(spectrum.condition, 1.0, 1e-2);
}

}  // namespace
}  // namespace gluesweep::network
