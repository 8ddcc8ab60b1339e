#include "report/neighbours_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace attnbounds {
namespace {

using Points = std::vector<std::pair<double, double>>;

constexpr double kExact = 2;  // the exact method's exponent

std::string tokens(double log_n) { return fmt::format("2^{{{:.4g}}}", log_n / std::log(2.0)); }

/// Exponents at fixed n, over kappa or over c, and their limits as n grows.
struct Exponents {
  std::map<double, Points> at;  // log n
  Points limit;
  void add(const ThresholdRecord& r, double x) {
    at[r.log_n].emplace_back(x, *r.exponent);
    if (r.limit_exponent) limit.emplace_back(x, *r.limit_exponent);
  }
  void sort() {
    for (auto& [log_n, points] : at) std::sort(points.begin(), points.end());
    std::sort(limit.begin(), limit.end());
    limit.erase(std::unique(limit.begin(), limit.end()), limit.end());
  }
};

/// Where a curve first reaches the exact method's exponent, interpolated between proved points (x by its
/// log).
std::optional<double> crossing(const Points& points) {
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto [x0, y0] = points[i - 1];
    const auto [x1, y1] = points[i];
    if (y0 < kExact && y1 >= kExact) return x0 * std::pow(x1 / x0, (kExact - y0) / (y1 - y0));
  }
  return {};
}

HeatMap panel_of(const Exponents& exponents) {
  HeatMap map;
  map.y_label = "certified exponent";
  map.y_low = 1;
  map.y_high = 2 * kExact;
  double first = HUGE_VAL, last = 0;
  for (const auto& [log_n, points] : exponents.at) {
    map.curves.push_back({"n = " + tokens(log_n), points, Curve::Style::solid});
    first = std::min(first, points.front().first);
    last = std::max(last, points.back().first);
    map.y_high = std::max(map.y_high, 1.1 * points.back().second);
  }
  if (!exponents.limit.empty())
    map.curves.push_back({"limit as n grows", exponents.limit, Curve::Style::dashed});
  map.curves.push_back({"exact method", {{first, kExact}, {last, kExact}}, Curve::Style::dotted});
  for (const double y : {1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0})
    if (y <= map.y_high) map.y_ticks.push_back({y, fmt::format("{:g}", y)});
  for (int k = -6; k <= 8; ++k)
    if (const double x = std::ldexp(1.0, k); first <= x && x <= last)
      map.x_ticks.push_back({x, k < 0 ? fmt::format("1/{}", 1 << -k) : fmt::format("{}", 1 << k)});
  return map;
}

struct Lora {
  Exponents exponents;                  // over Gamma = kappa sqrt(log n); no limit
  std::map<double, double> star, hard;  // by log n: Gamma/sqrt(log n)
};
Lora lora_of(const std::vector<ThresholdRecord>& records) {
  Lora lora;
  for (const ThresholdRecord& r : records) {
    if (r.kind != "matrix" || r.problem != "gradient" || r.c != 1 || r.C != 1) continue;
    if (r.exponent && r.kappa > 0)
      lora.exponents.at[r.log_n].emplace_back(r.kappa * std::sqrt(r.log_n), *r.exponent);
    if (r.star) lora.star[r.log_n] = *r.star;
    if (r.hard) lora.hard[r.log_n] = *r.hard;
  }
  lora.exponents.sort();
  return lora;
}

/// The first kappa with three values of c.
struct Diffusion {
  double kappa = 0;
  Exponents exponents;
};
std::optional<Diffusion> diffusion_of(const std::vector<ThresholdRecord>& records) {
  const auto is_forward = [](const ThresholdRecord& r) {
    return r.kind == "matrix" && r.problem == "forward" && r.C == 1 && r.exponent && r.kappa > 0;
  };
  std::map<double, std::set<double>> dimensions;
  for (const ThresholdRecord& r : records)
    if (is_forward(r)) dimensions[r.kappa].insert(r.c);
  for (const auto& [kappa, c] : dimensions)
    if (c.size() >= 3) {
      Diffusion diffusion{kappa, {}};
      for (const ThresholdRecord& r : records)
        if (is_forward(r) && r.kappa == kappa) diffusion.exponents.add(r, r.c);
      std::erase_if(diffusion.exponents.at, [](const auto& curve) { return curve.second.size() < 3; });
      diffusion.exponents.sort();
      return diffusion;
    }
  return {};
}

std::optional<HeatMap> lora_panel(const Lora& lora) {
  if (lora.exponents.at.empty() || lora.star.empty()) return {};
  HeatMap map = panel_of(lora.exponents);
  map.title = "LoRA: gradients of all six adapters";
  map.x_label = "Γ";
  // Through the exponents at the norm from which orthogonal vectors are decided.
  Curve decides{"decides orthogonal vectors", {}, Curve::Style::dashed};
  double pays = HUGE_VAL, stops = 0, hard = HUGE_VAL;  // Gamma: below the first for every n, above the others
  for (const auto& [log_n, star] : lora.star) {
    pays = std::min(pays, star * std::sqrt(log_n));
    stops = std::max(stops, star * std::sqrt(log_n));
    const auto curve = lora.exponents.at.find(log_n);
    const auto from = lora.hard.find(log_n);
    if (curve == lora.exponents.at.end() || from == lora.hard.end()) continue;
    const double norm = from->second * std::sqrt(log_n);
    const auto at = std::find_if(curve->second.begin(), curve->second.end(),
                                 [norm](const auto& p) { return p.first >= norm; });
    if (at != curve->second.end()) decides.points.push_back(*at);
    hard = std::min(hard, norm);
  }
  double left = HUGE_VAL;
  for (const auto& [log_n, points] : lora.exponents.at) left = std::min(left, points.front().first);
  map.notes.push_back({"pays", std::sqrt(left * pays), 1.12});
  if (!decides.points.empty()) {
    if (stops < hard) map.notes.push_back({"open", std::sqrt(stops * hard), 1.12});
    map.curves.push_back(decides);
  }
  return map;
}

}  // namespace

const char* const kNeighboursCaption =
    "Certified exponents of the polynomial method at error n^-1, from the threshold's proved points. Left: "
    "all "
    "gradients of LoRA's adapters for weights of d = log n columns, against the norm Γ of the theorem "
    "(scores "
    "divided by d, so at most Γ²); below the exact method's line the gradients take subquadratic time, on "
    "and "
    "beyond the dashed curve they decide orthogonal vectors of dimension d − 1 by the direct reduction "
    "(adapters of rank d), which is hard under SETH as d/log n grows; the window between is open. Right: the "
    "forward pass of a latent diffusion transformer whose tokens lie in a subspace of d0 dimensions, against "
    "d0/log n, at entries of a fixed multiple of √(log n): the features are those of d0 variables, whatever "
    "the ambient dimension.";

HeatMapFigure neighbours_figure(const std::vector<ThresholdRecord>& records) {
  HeatMapFigure figure;
  if (auto panel = lora_panel(lora_of(records))) figure.panels.push_back(std::move(*panel));
  if (const auto diffusion = diffusion_of(records); diffusion && !diffusion->exponents.at.empty()) {
    HeatMap map = panel_of(diffusion->exponents);
    map.title = fmt::format("Latent diffusion: forward, B = {:g} √(log n)", diffusion->kappa);
    map.x_label = "d0 / log n";
    figure.panels.push_back(std::move(map));
  }
  return figure;
}

std::string reading_of_neighbours(const std::vector<ThresholdRecord>& records) {
  std::string text;
  const Lora lora = lora_of(records);
  for (const auto& [log_n, star] : lora.star) {
    const double root = std::sqrt(log_n);
    const std::string exponent = fmt::format("2^{:.4g}", log_n / std::log(2.0));
    text += fmt::format("{}at n = {} up to Γ = {:.3g} (= {:.3g} √(log n))", text.empty() ? "" : "; ",
                        exponent, star * root, star);
    if (const auto hard = lora.hard.find(log_n); hard != lora.hard.end())
      text += fmt::format(", and decide orthogonal vectors from Γ = {:.3g} (= {:.3g} √(log n))",
                          hard->second * root, hard->second);
  }
  if (!text.empty()) text = "LoRA's gradients are certified subquadratic " + text + ".";
  if (const auto diffusion = diffusion_of(records)) {
    std::string where;
    for (const auto& [log_n, points] : diffusion->exponents.at)
      if (const auto x = crossing(points))
        where += fmt::format("{}{:.2g} log n at n = 2^{:.4g}", where.empty() ? "" : ", ", *x,
                             log_n / std::log(2.0));
    if (!where.empty())
      text += fmt::format(
          "{}Latent diffusion at B = {:g} √(log n) stops paying near d0 = {} (between two proved points).",
          text.empty() ? "" : " ", diffusion->kappa, where);
  }
  return text;
}

}  // namespace attnbounds
