#include "report/measured_figure.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace attnbounds {
namespace {

using Value = std::function<std::optional<double>(const Json&)>;

/// The mean of `value` over the lines of one (n, kappa), as a panel.
std::optional<HeatMap> panel(const std::vector<Json>& lines, const std::vector<ThresholdCurve>& thresholds,
                             const std::string& record, const std::string& kind, const std::string& family,
                             const std::string& title, double turning, double reach, const Value& value) {
  std::set<double> log2_n, kappas;
  std::map<std::pair<double, double>, std::pair<double, int>> sums;
  for (const Json& line : lines) {
    if (line.at("record") != record || line.at("kind") != kind || line.at("family") != family) continue;
    const std::optional<double> x = value(line);
    if (!x) continue;
    const double n = line.at("log_n").get<double>() / std::log(2.0),
                 kappa = line.at("kappa_decimal").get<double>();
    log2_n.insert(n);
    kappas.insert(kappa);
    auto& [sum, count] = sums[{n, kappa}];
    sum += *x;
    ++count;
  }
  if (log2_n.size() < 2 || kappas.size() < 2 || *kappas.begin() <= 0) return std::nullopt;
  HeatMap map;
  const std::vector<double> xs(log2_n.begin(), log2_n.end()), ys(kappas.begin(), kappas.end()),
      x_edges = edges_between(xs), y_edges = edges_between(ys);
  for (std::size_t i = 0; i < xs.size(); ++i)
    for (std::size_t j = 0; j < ys.size(); ++j)
      if (const auto found = sums.find({xs[i], ys[j]}); found != sums.end())
        map.cells.push_back({x_edges[i], x_edges[i + 1], y_edges[j], y_edges[j + 1],
                             found->second.first / found->second.second});
  map.title = title;
  map.x_label = "n";
  map.y_label = kind == "matrix" ? "κ = B / √(log n)" : "κ = B / ∛(log n)";
  for (const double k : xs) map.x_ticks.push_back({k, "2^{" + std::to_string(std::lround(k)) + "}"});
  map.turning = turning;
  map.reach = reach;
  map.y_low = y_edges.front();
  map.y_high = y_edges.back();
  for (const ThresholdCurve& curve : thresholds)
    if (curve.kind == kind && curve.family == family && !curve.points.empty())
      map.curves.push_back({curve.label, curve.points, Curve::Style::solid});
  return map;
}

std::optional<double> log_ratio_of_times(const Json& line) {
  const Json& timing = line.contains("timing") ? line.at("timing") : Json();
  if (timing.is_null() || timing.at("exact").is_null()) return std::nullopt;
  if (timing.at("polynomial").is_null()) return 2;  // the budget cannot be met: only exact works
  return std::clamp(-std::log10(timing.at("exact_over_polynomial").get<double>()), -2.0, 2.0);
}

Value rank_exponent(const std::string& sense, const std::string& end) {
  return [sense, end](const Json& line) -> std::optional<double> {
    if (line.contains("missed")) return std::nullopt;
    return std::log(line.at(sense).at(end).get<double>()) / line.at("log_n").get<double>();
  };
}

Value failure(long rank, const std::string& method) {
  return [rank, method](const Json& line) -> std::optional<double> {
    if (line.contains("missed")) return std::nullopt;
    for (const Json& entry : line.at("ranks"))
      if (entry.at("rank") == rank && entry.at(method).is_boolean())
        return entry.at(method).get<bool>() ? 0 : 1;
    return std::nullopt;
  };
}

}  // namespace

std::vector<MeasuredFigure> measured_figures(const std::vector<Json>& lines,
                                             const std::vector<ThresholdCurve>& thresholds) {
  MeasuredFigure time{
      "measured-time",
      "Time of polynomial attention with its guarantee over that of fused exact attention, log10 "
      "(estimates of one machine): blue where the polynomial is faster, darkest orange where only exact "
      "attention meets the error n^-C. Through them κ*(n) of the theory, at the family's d.",
      {"log10 of time, polynomial / exact", {}}},
      rank{"measured-rank",
           "log r / log n for the least rank r of a matrix that answers every V within n^-C: proved from "
           "below and "
           "from above. No low-rank method of any kind does with less than the first. Sizes whose matrix is "
           "not decomposed are bounded from below by some of its rows, at most their number, and from above "
           "by the polynomial's features and n.",
           {"log rank / log n", {}}},
      decide{
          "measured-decide",
          "Share of hard instances that a method of fixed rank does not decide: the best polynomial of that "
          "rank, and the truncated singular value decomposition.",
          {"share not decided", {}}};
  std::set<std::string> families;
  std::set<long> ranks;
  for (const Json& line : lines) {
    families.insert(line.at("family").get<std::string>());
    if (line.at("record") == "decide" && line.contains("ranks"))
      for (const Json& entry : line.at("ranks")) ranks.insert(entry.at("rank").get<long>());
  }
  const auto add = [](MeasuredFigure& into, std::optional<HeatMap> map) {
    if (map) into.figure.panels.push_back(std::move(*map));
  };
  for (const std::string kind : {"matrix", "tensor"}) {
    for (const std::string& family : families)
      add(time,
          panel(lines, thresholds, "time", kind, family, kind + ", " + family, 0, 2, log_ratio_of_times));
    for (const std::string& family : families) {
      if (family != "random" && family != "light-bulb") continue;  // two of a kind fit a page
      for (const std::string end : {"at_least", "at_most"})
        add(rank, panel(lines, thresholds, "rank", kind, family,
                        kind + ", " + family + ": " + (end == "at_least" ? "at least" : "at most"), 0.5, 0.5,
                        rank_exponent("every_v", end)));
    }
    for (const std::string& family : families)
      for (const std::string method : {"polynomial", "svd"})
        if (!ranks.empty())
          add(decide,
              panel(lines, thresholds, "decide", kind, family,
                    kind + ", " + family + ", rank " + std::to_string(*ranks.rbegin()) + ", " + method, 0.5,
                    0.5, failure(*ranks.rbegin(), method)));
  }
  std::vector<MeasuredFigure> figures;
  for (MeasuredFigure* f : {&time, &rank, &decide})
    if (!f->figure.panels.empty()) figures.push_back(std::move(*f));
  return figures;
}

}  // namespace attnbounds
