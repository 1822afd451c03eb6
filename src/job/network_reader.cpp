#include "network_reader.hpp"

#include <algorithm>
#include <limits>

#include "text.hpp"

namespace gluesweep::job {
namespace {

using Init = Network::Init;

constexpr std::int64_t largest_network_seed = std::numeric_limits<std::int64_t>::max();
constexpr int most_layers = 64;
constexpr double largest_sigma = 100.0;

// Of a trunk that is trained, where the job gives none. Steps improve nothing in layers this wide.
constexpr int trained_features = 72, trained_width = 256;
constexpr int most_trained = 84;  // features, unless the job asks for more: the last ones are rounding
constexpr Network::TrunkTraining default_training{256, 0};

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
  Network::TrunkTraining train = default_training;
  read_integer(field, "points", 1, 4096, train.points);
  read_integer(field, "steps", 0, 100000, train.steps);
  return train;
}

}  // namespace

/// Keys that are accepted under network and under network.trunk.
void NetworkReader::read_common(const Field& field) {
  read_integer(field, "layers", 1, most_layers, network_.layers);
  if (const auto activation = field.find("activation"))
    network_.activation = activation->choice<Network::Activation>();
  if (const auto seed = field.find("seed"))
    network_.seed = static_cast<std::uint64_t>(seed->integer(0, largest_network_seed));
}

void NetworkReader::read_trunk(const Field& field, const Field& outer) {
  field.accept_keys({"layers", "width", "activation", "init", "skip", "seed", "train"});
  for (const char* key : {"layers", "activation", "seed"}) {
    if (!field.has(key) || !outer.has(key)) continue;
    field.find(key)->fail_at_key(in_quotes(key) + " is given here and in " + outer.path(), "give it once");
  }
  read_common(field);
  read_integer(field, "width", 4, 2048, network_.width);
  if (const auto init = field.find("init")) network_.init = read_init(*init);
  if (const auto skip = field.find("skip")) network_.skip = skip->choice<Network::Skip>();
  if (const auto train = field.find("train")) {
    network_.train = read_trunk_training(*train);
    training_given_ = true;
  }
}

void NetworkReader::read_problems(const Field& field) { read(field, Giver::problem); }

void NetworkReader::read_jobs(const Field& field) { read(field, Giver::job); }

void NetworkReader::read(const Field& field, Giver source) {
  field.accept_keys({"features", "elements", "nodes", "layers", "activation", "seed", "trunk"});
  if (field.has("features")) features_ = source;
  read_integer(field, "features", 4, 1024, network_.features);
  read_integer(field, "elements", 2, 2000, network_.elements);
  read_integer(field, "nodes", 2, 9, network_.nodes);
  read_common(field);
  if (const auto trunk = field.find("trunk")) read_trunk(*trunk, field);
}

Network NetworkReader::result(const Training& training, bool resolved) const {
  const bool shares_trunk = training.method == Training::Method::gauss_newton;
  const bool frames = shares_trunk && training.ansatz == Training::Ansatz::frames;
  const bool few = features_ == Giver::none || network_.features <= most_trained;
  Network network = network_;
  if (!shares_trunk) network.train = {};
  if (frames && few && !training_given_ && !resolved) network.train = default_training;
  if (network.train.points > 0) {
    if (features_ == Giver::none) network.features = trained_features;
    if (network.width == 0) network.width = std::max(trained_width, network.features);
  } else if (features_ == Giver::problem && few) {
    network.features = drawn_features(network.features);
  }
  return network;
}

}  // namespace gluesweep::job
