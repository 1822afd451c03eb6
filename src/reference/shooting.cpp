#include "gluesweep/reference/shooting.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "integration.hpp"

namespace gluesweep::reference {
namespace {

constexpr double perturbation = 1.0e-6;  // of a component's size
constexpr double jacobian_step_limit =
    1e-3;  // below this Newton's steps are small enough to keep the Jacobian

using Row = std::vector<double>;

/// The guess between and beyond its places, component by component and linear in between.
class Guess {
 public:
  Guess(const Row& places, const States& states) : places_(places), states_(states) {}

  Row at(double t) const {
    const auto above = std::lower_bound(places_.begin(), places_.end(), t);
    if (above == places_.begin()) return column(0, 0, 0.0);
    if (above == places_.end()) return column(places_.size() - 1, places_.size() - 1, 0.0);
    const auto right = static_cast<std::size_t>(above - places_.begin());
    return column(right - 1, right, (t - places_[right - 1]) / (places_[right] - places_[right - 1]));
  }

  /// Largest size of each component on [from, to]; on the whole domain, or 1, where it is zero there.
  Row sizes(double from, double to) const {
    const Row first = at(from), last = at(to);
    Row result;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      double here = std::max(std::abs(first[i]), std::abs(last[i])), anywhere = 0.0;
      for (std::size_t m = 0; m < places_.size(); ++m) {
        const double size = std::abs(states_[i][m]);
        if (places_[m] >= from && places_[m] <= to) here = std::max(here, size);
        anywhere = std::max(anywhere, size);
      }
      result.push_back(here > 0.0 ? here : anywhere > 0.0 ? anywhere : 1.0);
    }
    return result;
  }

 private:
  Row column(std::size_t left, std::size_t right, double share) const {
    Row state;
    for (const auto& row : states_) state.push_back((1.0 - share) * row[left] + share * row[right]);
    return state;
  }

  const Row& places_;
  const States& states_;
};

/// A condition as a number: component `component` at `t` is `value`.
struct Target {
  double t;
  std::size_t component;
  double value;
};

struct Segment {
  double from, to;
  Row state;                     // at `from`
  Row size;                      // of each component
  Row places;                    // where its states are wanted: outputs, conditions and `to`, increasing
  States states;                 // there
  std::vector<States> response;  // per component of `state`: d states / d (state / size)
};

class MultipleShooting {
 public:
  MultipleShooting(const problem::System& system, const Row& theta, const Row& t_outputs, const States& guess,
                   const IntegratorOptions& integrator, const ShootingOptions& options)
      : system_(system),
        theta_(theta),
        t_outputs_(t_outputs),
        guess_(t_outputs, guess),
        integrator_(integrator),
        options_(options),
        n_(static_cast<std::size_t>(system.size())) {
    double end = t_outputs.back();
    Row inputs{0.0};
    inputs.insert(inputs.end(), theta.begin(), theta.end());
    for (const auto& condition : system.conditions()) {
      inputs.front() = condition.at;
      targets_.push_back(
          {condition.at, static_cast<std::size_t>(condition.component), condition.value(inputs).front()});
      end = std::max(end, condition.at);
    }
    segments_.push_back(segment(system.start(), end));
  }

  /// False where there is no solution to be had.
  bool solve() {
    double step = INFINITY;
    for (int iteration = 0; iteration < options_.most_iterations; ++iteration) {
      const bool linearise = step > jacobian_step_limit;
      if (!(linearise ? divide_and_linearise() : integrate_all())) return false;
      if (step < options_.tolerance) return true;
      step = newton_step();
      if (!std::isfinite(step)) return false;
    }
    return false;
  }

  /// The states at the outputs.
  States outputs() const {
    States rows(n_);
    std::size_t s = 0;
    for (const double t : t_outputs_) {
      while (s + 1 < segments_.size() && t > segments_[s].to) ++s;
      const auto state = state_at(segments_[s], t);
      for (std::size_t i = 0; i < n_; ++i) rows[i].push_back(state[i]);
    }
    return rows;
  }

 private:
  Segment segment(double from, double to) const {
    Segment result{from, to, guess_.at(from), guess_.sizes(from, to), {to}, {}, {}};
    const auto add = [&](double t) {
      if (t > from && t < to) result.places.push_back(t);
    };
    for (const double t : t_outputs_) add(t);
    for (const auto& target : targets_) add(target.t);
    std::sort(result.places.begin(), result.places.end());
    result.places.erase(std::unique(result.places.begin(), result.places.end()), result.places.end());
    return result;
  }

  static std::size_t place(const Segment& segment, double t) {
    return static_cast<std::size_t>(std::lower_bound(segment.places.begin(), segment.places.end(), t) -
                                    segment.places.begin());
  }

  Row state_at(const Segment& segment, double t) const {
    if (t <= segment.from) return segment.state;
    Row state;
    for (const auto& row : segment.states) state.push_back(row[place(segment, t)]);
    return state;
  }

  /// d state_at / d (segment.state / size) by component j of the start state.
  Row response_at(const Segment& segment, double t, std::size_t j) const {
    Row response(n_, 0.0);
    if (t <= segment.from) {
      response[j] = segment.size[j];
    } else {
      for (std::size_t i = 0; i < n_; ++i) response[i] = segment.response[j][i][place(segment, t)];
    }
    return response;
  }

  bool integrate_segment(Segment& segment) const {
    segment.states = integrate(system_, theta_, {segment.from, segment.state}, segment.places, integrator_);
    return !segment.states.empty();
  }

  bool integrate_all() {
    return std::all_of(segments_.begin(), segments_.end(),
                       [this](Segment& s) { return integrate_segment(s); });
  }

  /// States and their responses; false where the segment is to be halved.
  bool linearise(Segment& segment) const {
    if (!integrate_segment(segment)) return false;
    for (std::size_t i = 0; i < n_; ++i) {  // sizes of the present solution, not of the guess
      double size = std::abs(segment.state[i]);
      for (const double value : segment.states[i]) size = std::max(size, std::abs(value));
      if (size > 0.0) segment.size[i] = size;
    }
    segment.response.clear();
    double growth = 0.0;
    for (std::size_t j = 0; j < n_; ++j) {
      Row state = segment.state;
      state[j] += perturbation * segment.size[j];
      const double change = (state[j] - segment.state[j]) / segment.size[j];  // as rounded
      auto response = integrate(system_, theta_, {segment.from, state}, segment.places, integrator_);
      if (response.empty()) return false;
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t m = 0; m < segment.places.size(); ++m)
          response[i][m] = (response[i][m] - segment.states[i][m]) / change;
        growth = std::max(growth, std::abs(response[i].back()) / segment.size[i]);
      }
      segment.response.push_back(std::move(response));
    }
    return growth <= options_.largest_growth;
  }

  bool divide_and_linearise() {
    for (std::size_t s = 0; s < segments_.size();) {
      if (linearise(segments_[s])) {
        ++s;
        continue;
      }
      const double from = segments_[s].from, to = segments_[s].to;
      const double middle = system_.log_scale() ? std::sqrt(from * to) : 0.5 * (from + to);
      if (static_cast<int>(segments_.size()) >= options_.most_segments || !(from < middle && middle < to))
        return false;
      const Row state = segments_[s].state;  // Newton's, better than the guess
      segments_[s] = segment(from, middle);
      segments_[s].state = state;
      segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(s) + 1, segment(middle, to));
    }
    return true;
  }

  const Segment& owner(double t) const {
    const auto found =
        std::find_if(segments_.begin(), segments_.end(), [t](const Segment& s) { return t <= s.to; });
    return found == segments_.end() ? segments_.back() : *found;
  }

  /// Moves all start states; returns the largest change in units of the components' sizes.
  double newton_step() {
    const auto count = static_cast<std::int64_t>(segments_.size() * n_);
    const auto matrix = at::zeros({count, count}, at::kDouble), right = at::zeros({count, 1}, at::kDouble);
    auto a = matrix.accessor<double, 2>(), b = right.accessor<double, 2>();
    std::int64_t row = 0;
    for (std::size_t s = 0; s + 1 < segments_.size(); ++s) {
      const auto& here = segments_[s];
      const auto& next = segments_[s + 1];
      for (std::size_t i = 0; i < n_; ++i, ++row) {
        for (std::size_t j = 0; j < n_; ++j) a[row][column(s, j)] = here.response[j][i].back() / next.size[i];
        a[row][column(s + 1, i)] = -1.0;
        b[row][0] = (next.state[i] - here.states[i].back()) / next.size[i];
      }
    }
    for (const auto& target : targets_) {
      const auto& segment = owner(target.t);
      const auto s = static_cast<std::size_t>(&segment - segments_.data());
      const double size = segment.size[target.component];
      for (std::size_t j = 0; j < n_; ++j)
        a[row][column(s, j)] = response_at(segment, target.t, j)[target.component] / size;
      b[row++][0] = (target.value - state_at(segment, target.t)[target.component]) / size;
    }
    const auto solution = std::get<0>(at::linalg_solve_ex(matrix, right));
    double largest = 0.0;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      for (std::size_t j = 0; j < n_; ++j) {
        const double change = solution[column(s, j)][0].item<double>();
        if (!std::isfinite(change)) return NAN;
        segments_[s].state[j] += change * segments_[s].size[j];
        largest = std::max(largest, std::abs(change));
      }
    }
    return largest;
  }

  std::int64_t column(std::size_t segment, std::size_t component) const {
    return static_cast<std::int64_t>(segment * n_ + component);
  }

  const problem::System& system_;
  const Row& theta_;
  const Row& t_outputs_;
  Guess guess_;
  const IntegratorOptions& integrator_;
  const ShootingOptions& options_;
  std::size_t n_;
  std::vector<Target> targets_;
  std::vector<Segment> segments_;
};

bool all_finite(const States& states) {
  return std::all_of(states.begin(), states.end(), [](const Row& row) {
    return std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); });
  });
}

}  // namespace

Shooting::Shooting(const problem::System& system, const IntegratorOptions& integrator,
                   const ShootingOptions& options)
    : system_(system), integrator_(integrator), options_(options) {}

States Shooting::solve(const std::vector<double>& theta, const std::vector<double>& t_outputs,
                       const States& guess) const {
  if (t_outputs.empty() || !all_finite(guess)) return {};
  MultipleShooting shooting(system_, theta, t_outputs, guess, integrator_, options_);
  return shooting.solve() ? shooting.outputs() : States{};
}

}  // namespace gluesweep::reference
