#include "report/threshold_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "numeric/exact_text.hpp"
#include "sweep/theory.hpp"

namespace attnbounds {
namespace {

double decimal(const Json& value, const std::string& place) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return nearest(rational_from_text(value.get<std::string>(), place));
  throw InputError(place, "a number", value.dump());
}

const Json& field(const Json& line, const std::string& key, const std::string& place) {
  if (!line.is_object() || !line.contains(key)) throw InputError(place, "the key " + key, "none");
  return line.at(key);
}

double middle(const Json& line, const std::string& key, const std::string& place) {
  const Json& pair = field(line, key, place);
  return (decimal(field(pair, "lower", place), place) + decimal(field(pair, "upper", place), place)) / 2;
}

std::vector<Tick> ticks_of(const std::set<double>& log2_n) {
  std::vector<Tick> ticks;
  for (const double k : {5.0, 10.0, 20.0, 40.0, 100.0, 200.0, 400.0, 1000.0, 4000.0})
    if (*log2_n.begin() <= k * 1.001 && k <= *log2_n.rbegin() * 1.001)
      ticks.push_back({k, fmt::format("2^{{{:g}}}", k)});
  return ticks;
}

std::string y_label_of(const std::string& kind) {
  return kind == "matrix" ? "κ = B / √(log n)" : "κ = B / ∛(log n)";
}

std::optional<HeatMap> panel(const std::vector<ThresholdRecord>& records, const std::string& kind,
                             const std::string& series) {
  std::set<double> log2_n, kappas;
  std::map<std::pair<double, double>, double> exponents;
  HeatMap map;
  Curve star{"κ*(n): the method stops paying", {}, Curve::Style::solid},
      limit{"its limit as n grows", {}, Curve::Style::dashed},
      hard{"direct reduction from orthogonal vectors", {}, Curve::Style::dotted};
  for (const ThresholdRecord& r : records) {
    if (r.kind != kind || r.series != series) continue;
    const double x = r.log_n / std::log(2.0);
    if (r.exponent && r.kappa > 0) {
      log2_n.insert(x);
      kappas.insert(r.kappa);
      exponents[{x, r.kappa}] = *r.exponent;
    }
    if (r.star && *r.star > 0) star.points.emplace_back(x, *r.star);
    if (r.limit) limit.points.emplace_back(x, *r.limit);
    if (r.hard) hard.points.emplace_back(x, *r.hard);
  }
  if (log2_n.size() < 2 || kappas.size() < 2) return std::nullopt;
  const std::vector<double> xs(log2_n.begin(), log2_n.end()), ys(kappas.begin(), kappas.end()),
      x_edges = edges_between(xs), y_edges = edges_between(ys);
  for (std::size_t i = 0; i < xs.size(); ++i)
    for (std::size_t j = 0; j < ys.size(); ++j)
      if (const auto found = exponents.find({xs[i], ys[j]}); found != exponents.end())
        map.cells.push_back({x_edges[i], x_edges[i + 1], y_edges[j], y_edges[j + 1], found->second});
  map.title = kind + " attention";
  map.x_label = "n";
  map.y_label = y_label_of(kind);
  map.x_ticks = ticks_of(log2_n);
  map.turning = kind == "matrix" ? 2 : 3;
  map.reach = map.turning - 1;  // from exponent 1, linear time, up
  map.y_low = y_edges.front();
  map.y_high = y_edges.back();
  for (const auto& [at, kappa] : hard.points) map.y_high = std::max(map.y_high, 1.15 * kappa);
  const double x = std::sqrt(xs.front() * xs.back());
  const auto height = [&](const Curve& curve, double otherwise) {
    const auto at = std::min_element(curve.points.begin(), curve.points.end(), [x](auto a, auto b) {
      return std::abs(std::log(a.first / x)) < std::abs(std::log(b.first / x));
    });
    return at == curve.points.end() ? otherwise : std::clamp(at->second, map.y_low, map.y_high);
  };
  const double pays = height(star, map.y_low), decides = height(hard, map.y_high);
  if (pays > 1.5 * map.y_low) map.notes.push_back({"polynomial method pays", x, std::sqrt(map.y_low * pays)});
  if (decides > 2 * pays) map.notes.push_back({"open", x, std::sqrt(pays * decides)});
  if (map.y_high > 1.5 * decides)
    map.notes.push_back({"decides orthogonal vectors", x, std::sqrt(map.y_high * decides)});
  for (const Curve& curve : {star, limit, hard})
    if (!curve.points.empty()) {
      map.curves.push_back(curve);
      std::sort(map.curves.back().points.begin(), map.curves.back().points.end());
    }
  return map;
}

/// Every route's kappa over n, down to kappa* itself.
std::optional<HeatMap> routes_panel(const std::vector<ThresholdRecord>& records, const std::string& kind,
                                    const std::string& series) {
  std::vector<Curve> curves{{"κ*(n): the method stops paying", {}, Curve::Style::solid},
                            {"its limit", {}, Curve::Style::dashed},
                            {"direct", {}, Curve::Style::dotted},
                            {"Reed–Solomon", {}, Curve::Style::dotted},
                            {"Hermitian", {}, Curve::Style::dotted},
                            {"tower, limit (estimate)", {}, Curve::Style::dashed}};
  std::set<double> log2_n;
  double lowest = 1, highest = 1;
  for (const ThresholdRecord& r : records) {
    if (r.kind != kind || r.series != series || !r.star) continue;
    const double x = r.log_n / std::log(2.0);
    log2_n.insert(x);
    const auto power = [](const std::optional<double>& l) {
      return l ? std::optional(std::pow(10.0, *l)) : std::nullopt;
    };
    const std::optional<double> values[] = {
        r.star, r.limit, r.hard, power(r.log10_reed_solomon), power(r.log10_hermitian), power(r.log10_tower)};
    for (std::size_t j = 0; j < curves.size(); ++j)
      if (values[j] && *values[j] > 0) {
        curves[j].points.emplace_back(x, *values[j]);
        lowest = std::min(lowest, *values[j]);
        highest = std::max(highest, *values[j]);
      }
  }
  if (log2_n.size() < 2) return std::nullopt;
  HeatMap map;
  map.title = kind + " attention";
  map.x_label = "n";
  map.y_label = y_label_of(kind);
  map.x_ticks = ticks_of(log2_n);
  map.y_low = lowest / 2;
  map.y_high = highest * 10;
  const int step = std::max(1, static_cast<int>(std::ceil(std::log10(highest) / 8)));
  for (int k = 0; std::pow(10.0, k) <= map.y_high; k += step)
    map.y_ticks.push_back({std::pow(10.0, k), k == 0 ? "1" : fmt::format("10^{{{}}}", k)});
  map.notes.push_back({"open", std::sqrt(*log2_n.begin() * *log2_n.rbegin()), 1.2});
  for (Curve& curve : curves)
    if (!curve.points.empty()) {
      std::sort(curve.points.begin(), curve.points.end());
      map.curves.push_back(curve);
    }
  return map;
}

/// The exponent over kappa at up to four n, and its limit.
std::optional<HeatMap> exponents_panel(const std::vector<ThresholdRecord>& records, const std::string& kind,
                                       const std::string& series) {
  std::map<double, std::vector<std::pair<double, double>>> at;  // log2 n
  std::map<double, double> limit;
  for (const ThresholdRecord& r : records)
    if (r.kind == kind && r.series == series && r.exponent && r.kappa > 0) {
      at[r.log_n / std::log(2.0)].emplace_back(r.kappa, *r.exponent);
      if (r.limit_exponent) limit[r.kappa] = *r.limit_exponent;
    }
  if (at.empty() || limit.size() < 2) return std::nullopt;
  const double exact = kind == "matrix" ? 2 : 3;
  HeatMap map;
  map.title = kind + " attention";
  map.x_label = y_label_of(kind);
  map.y_label = "certified exponent";
  map.y_low = 1;
  map.y_high = 2 * exact;
  for (int k = 4; k <= 4 * map.y_high; k += k < 12 ? 1 : 4)
    map.y_ticks.push_back({k / 4.0, fmt::format("{:g}", k / 4.0)});
  for (int k = -6; k <= 4; ++k)
    if (const double x = std::ldexp(1.0, k); limit.begin()->first <= x && x <= limit.rbegin()->first)
      map.x_ticks.push_back({x, k < 0 ? fmt::format("1/{}", 1 << -k) : fmt::format("{}", 1 << k)});
  const std::size_t last = at.size() - 1, count = std::min<std::size_t>(at.size(), 4);
  for (std::size_t j = 0; j < count; ++j) {
    auto found = at.begin();
    std::advance(found, count == 1 ? 0 : j * last / (count - 1));
    std::sort(found->second.begin(), found->second.end());
    map.curves.push_back({fmt::format("n = 2^{{{:.3g}}}", found->first), found->second, Curve::Style::solid});
  }
  map.curves.push_back({"limit", {limit.begin(), limit.end()}, Curve::Style::dashed});
  map.curves.push_back({"exact method",
                        {{limit.begin()->first, exact}, {limit.rbegin()->first, exact}},
                        Curve::Style::dotted});
  return map;
}

}  // namespace

const char* const kThresholdCaption =
    "Certified exponent of the polynomial method's cost over n and κ, at d = c log n and error n^-C with "
    "c = C = 1 unless said otherwise: blue where it is below that of the exact method (2 for matrix, 3 for "
    "tensor "
    "attention), orange where it is above. κ*(n) and its limit are proved for this method's rank. Above the "
    "dotted "
    "curve attention decides orthogonal vectors of dimension d - 1 through the direct reduction, which is "
    "hard under "
    "SETH as c grows. The window between is open.";

std::optional<ThresholdRecord> threshold_record(const Json& line, const std::string& place) {
  const std::string record =
      field(line, "record", place).is_string() ? line.at("record").get<std::string>() : "";
  if (record != "point" && record != "kappa_star") return std::nullopt;
  const auto text = [&](const char* key) {
    if (!field(line, key, place).is_string())
      throw InputError(place + ": " + key, "text", line.at(key).dump());
    return line.at(key).get<std::string>();
  };
  ThresholdRecord r;
  r.kind = text("kind");
  if (r.kind != "matrix" && r.kind != "tensor") throw InputError(place, "kind matrix or tensor", r.kind);
  r.problem = text("problem");
  r.series = r.problem + ", c = " + text("c") + ", C = " + text("C");
  r.c = decimal(line.at("c"), place + ": c");
  r.C = decimal(line.at("C"), place + ": C");
  r.log_n = middle(line, "log_n", place);
  if (!(r.log_n > 0)) throw InputError(place + ": log_n", "a number > 0", line.at("log_n").dump());
  if (record == "point") {
    if (line.contains("B")) return std::nullopt;
    r.kappa = decimal(field(line, "kappa_decimal", place), place);
    r.exponent = decimal(field(field(line, "exponent", place), "upper", place), place);
    if (line.contains("limit_exponent")) r.limit_exponent = middle(line, "limit_exponent", place);
  } else {
    r.star = decimal(field(line, "pays_decimal", place), place);
    r.limit = middle(line, "limit", place);
    if (!field(line, "hard_direct", place).is_null()) r.hard = middle(line, "hard_direct", place);
    const auto route = [&](const char* key) { return line.contains(key) && !line.at(key).is_null(); };
    if (route("hard_reed_solomon"))
      r.log10_reed_solomon = middle(line.at("hard_reed_solomon"), "log10_kappa", place);
    if (route("hard_hermitian")) r.log10_hermitian = middle(line.at("hard_hermitian"), "log10_kappa", place);
    if (route("hard_tower_limit"))
      r.log10_tower = decimal(field(line.at("hard_tower_limit"), "log10_kappa_estimate", place), place);
  }
  if (line.contains("n")) {
    r.n = text("n");
    r.name = theory_name(line);
  }
  return r;
}

const char* const kRoutesCaption =
    "The same thresholds with every route of the reductions: κ from which attention decides orthogonal "
    "vectors "
    "of "
    "dimension d by the direct route and by the protocol, an instance an advice and at most n^(1/2) advices, "
    "with "
    "Reed–Solomon and Hermitian codes, and the limit for codes of a tower with a constant alphabet, an "
    "estimate. "
    "Each is hard under SETH as c grows. Everything between κ*(n) and the lowest of these is open.";
const char* const kExponentsCaption =
    "Certified exponent of the polynomial method's cost over κ at fixed n, and its proved limit as n grows.";

namespace {
using Panel = std::optional<HeatMap> (*)(const std::vector<ThresholdRecord>&, const std::string&,
                                         const std::string&);
HeatMapFigure figure_of(const std::vector<ThresholdRecord>& records, Panel panel) {
  HeatMapFigure figure;
  for (const char* kind : {"matrix", "tensor"})
    if (records.empty()) break;
    else if (auto map = panel(records, kind, records.front().series))
      figure.panels.push_back(std::move(*map));
  return figure;
}
}  // namespace

HeatMapFigure routes_figure(const std::vector<ThresholdRecord>& records) {
  return figure_of(records, routes_panel);
}
HeatMapFigure exponents_figure(const std::vector<ThresholdRecord>& records) {
  return figure_of(records, exponents_panel);
}
HeatMapFigure threshold_figure(const std::vector<ThresholdRecord>& records) {
  HeatMapFigure figure = figure_of(records, panel);
  figure.value_label = "certified exponent of the cost";
  return figure;
}

}  // namespace attnbounds
