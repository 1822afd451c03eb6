#include "network_reader.hpp"

#include <limits>

#include "text.hpp"

namespace gluesweep::job {
namespace {

using Init = Network::Init;

constexpr std::int64_t largest_network_seed = std::numeric_limits<std::int64_t>::max();
constexpr int most_layers = 64;
constexpr double largest_sigma = 100.0;
constexpr int trained_width = 256, trained_points = 256;  // where the job gives none

double read_sigma(const Field& field, const std::string& accepted) {
  const double sigma = field.number();
  if (!(sigma >= 0.0 && sigma <= largest_sigma))
    field.fail(to_text(sigma) + " is out of range", "accepted: " + accepted);
  return sigma;
}

bool is_word(const Field& field, const std::string& word) {
  return field.kind() == Node::Kind::scalar && !field.is_number() && field.text() == word;
}

Init read_init(const Field& field) {
  if (field.kind() == Node::Kind::scalar) {
    if (is_word(field, "uniform")) return {};
    if (is_word(field, "critical")) return {Init::Law::critical, 1.0, 0.0};
    field.fail(
        "unknown value " + in_quotes(field.text()),
        "accepted: uniform, critical, {sigma_w: 1.5, sigma_b: 0.1}, {sigma_w: critical, sigma_b: 0.1}");
  }
  field.accept_keys({"sigma_w", "sigma_b"});
  Init init{Init::Law::gaussian, 1.0, 0.0};
  const Field weights = field.require(
      "sigma_w", "give the weights' standard deviation times the root of the width, or critical");
  if (is_word(weights, "critical")) {
    init.law = Init::Law::critical;
  } else {
    init.sigma_w = read_sigma(weights, "critical, or a number from 0 to " + to_text(largest_sigma));
  }
  if (const auto biases = field.find("sigma_b"))
    init.sigma_b = read_sigma(*biases, "the biases' standard deviation, from 0 to " + to_text(largest_sigma));
  return init;
}

Network::TrunkTraining read_trunk_training(const Field& field) {
  if (is_word(field, "none")) return {};
  field.accept_keys({"points", "steps"});
  Network::TrunkTraining train;
  train.points = trained_points;
  train.steps = 0;  // of layers this wide they improve nothing
  read_integer(field, "points", 1, 4096, train.points);
  read_integer(field, "steps", 0, 100000, train.steps);
  return train;
}

/// Keys that are accepted under network and under network.trunk.
void read_common(const Field& field, Network& network) {
  read_integer(field, "layers", 1, most_layers, network.layers);
  if (const auto activation = field.find("activation"))
    network.activation = activation->choice<Network::Activation>();
  if (const auto seed = field.find("seed"))
    network.seed = static_cast<std::uint64_t>(seed->integer(0, largest_network_seed));
}

void read_trunk(const Field& field, const Field& outer, Network& network) {
  field.accept_keys({"layers", "width", "activation", "init", "skip", "seed", "train"});
  for (const char* key : {"layers", "activation", "seed"}) {
    if (!field.has(key) || !outer.has(key)) continue;
    field.find(key)->fail_at_key(in_quotes(key) + " is given here and in " + outer.path(), "give it once");
  }
  read_common(field, network);
  read_integer(field, "width", 4, 2048, network.width);
  if (const auto init = field.find("init")) network.init = read_init(*init);
  if (const auto skip = field.find("skip")) network.skip = skip->choice<Network::Skip>();
  if (const auto train = field.find("train")) network.train = read_trunk_training(*train);
  if (network.train.points > 0 && network.width == 0) network.width = trained_width;
}

}  // namespace

void read_network(const Field& field, Network& network) {
  field.accept_keys({"features", "elements", "nodes", "layers", "activation", "seed", "trunk"});
  read_integer(field, "features", 4, 1024, network.features);
  read_integer(field, "elements", 2, 2000, network.elements);
  read_integer(field, "nodes", 2, 9, network.nodes);
  read_common(field, network);
  if (const auto trunk = field.find("trunk")) read_trunk(*trunk, field, network);
}

}  // namespace gluesweep::job
