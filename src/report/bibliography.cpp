#include "report/bibliography.hpp"

#include <map>
#include <regex>

#include "report/formats.hpp"

namespace attnbounds {
namespace {

struct Entry {
  const char *type, *authors, *title, *year, *fields;
};

const std::map<std::string, Entry> kEntries = {
    {"abboud-rubinstein-williams-2017",
     {"inproceedings", "Abboud, Amir and Rubinstein, Aviad and Williams, Ryan",
      "Distributed {PCP} theorems for hardness of approximation in {P}", "2017",
      "booktitle = {58th IEEE Annual Symposium on Foundations of Computer Science (FOCS)}, eprint = "
      "{1706.06407}, "
      "archivePrefix = {arXiv}, note = {arXiv 1706.06407}"}},
    {"aggarwal-alman-2022",
     {"inproceedings", "Aggarwal, Amol and Alman, Josh",
      "Optimal-degree polynomial approximations for exponentials and {G}aussian kernel density estimation",
      "2022",
      "booktitle = {37th Computational Complexity Conference (CCC)}, eprint = {2205.06249}, archivePrefix = "
      "{arXiv}, note = {arXiv 2205.06249}"}},
    {"alman-song-2023",
     {"inproceedings", "Alman, Josh and Song, Zhao", "Fast attention requires bounded entries", "2023",
      "booktitle = {Advances in Neural Information Processing Systems (NeurIPS)}, eprint = {2302.13214}, "
      "archivePrefix = {arXiv}, note = {arXiv 2302.13214}"}},
    {"alman-song-2024-tensor",
     {"inproceedings", "Alman, Josh and Song, Zhao",
      "How to capture higher-order correlations? {G}eneralizing matrix softmax attention to {K}ronecker "
      "computation",
      "2024",
      "booktitle = {International Conference on Learning Representations (ICLR)}, eprint = {2310.04064}, "
      "archivePrefix = {arXiv}, note = {arXiv 2310.04064}"}},
    {"alman-song-2024-gradient",
     {"inproceedings", "Alman, Josh and Song, Zhao",
      "The fine-grained complexity of gradient computation for training large language models", "2024",
      "booktitle = {Advances in Neural Information Processing Systems (NeurIPS)}, eprint = {2402.04497}, "
      "archivePrefix = {arXiv}, note = {arXiv 2402.04497}"}},
    {"impagliazzo-paturi-zane-2001",
     {"article", "Impagliazzo, Russell and Paturi, Ramamohan and Zane, Francis",
      "Which problems have strongly exponential complexity?", "2001",
      "journal = {Journal of Computer and System Sciences}, volume = {63}, number = {4}, pages = "
      "{512--530}"}},
    {"liang-shi-song-zhou-2024-tensor-training",
     {"misc", "Liang, Yingyu and Shi, Zhenmei and Song, Zhao and Zhou, Yufa",
      "Tensor attention training: provably efficient learning of higher-order transformers", "2024",
      "eprint = {2405.16411}, archivePrefix = {arXiv}, note = {arXiv 2405.16411}"}},
    {"liang-et-al-2024-multilayer",
     {"misc", "Liang, Yingyu and Sha, Zhizhou and Shi, Zhenmei and Song, Zhao and Zhou, Yufa",
      "Multi-layer transformers gradient can be approximated in almost linear time", "2024",
      "eprint = {2408.13233}, archivePrefix = {arXiv}, note = {arXiv 2408.13233}"}},
    {"threshold-2026",
     {"misc", "{attnbounds}", "The threshold of polynomial attention at every n", "2026",
      "howpublished = {attnbounds, docs/threshold.md}, note = {Finite forms of the theorems of arXiv "
      "2302.13214 "
      "and 2310.04064}"}},
};

std::string entry_text(const std::string& type, const std::string& key, const std::string& authors,
                       const std::string& title, const std::string& year, const std::string& fields) {
  return "@" + type + "{" + key + ",\n  author = {" + authors + "},\n  title = {" + title + "},\n  year = {" +
         year + "},\n  " + fields + "\n}\n";
}

}  // namespace

std::string bibtex_entry(const std::string& key, const std::string& citation) {
  if (const auto known = kEntries.find(key); known != kEntries.end()) {
    const Entry& e = known->second;
    return entry_text(e.type, key, e.authors, e.title, e.year, e.fields);
  }
  static const std::regex form(R"(([^0-9]*[^0-9 ]),? ([12][0-9]{3})(?:, (.*))?)");
  std::smatch part;
  if (!std::regex_match(citation, part, form))
    return "@misc{" + key + ",\n  title = {{" + latex_escaped(key) + "}},\n  note = {" +
           latex_escaped(citation) + "}\n}\n";
  std::string authors;
  const std::string names = part[1].str() + ",", rest = part[3].str();
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = names.find(',', at);
    const std::string name = names.substr(at, comma - at);
    authors +=
        (authors.empty() ? "" : " and ") + (name == "et al." ? "others" : "{" + latex_escaped(name) + "}");
    at = std::min(names.find_first_not_of(' ', comma + 1), names.size());
  }
  std::smatch number;
  static const std::regex arxiv(R"(arXiv ([0-9]{4}\.[0-9]{4,5}))");
  std::string fields = "note = {" + latex_escaped(rest) + "}";
  if (std::regex_search(rest, number, arxiv))
    fields += ",\n  eprint = {" + number[1].str() + "}, archivePrefix = {arXiv}";
  return entry_text("misc", key, authors, "{" + latex_escaped(key) + "}", part[2].str(), fields);
}

}  // namespace attnbounds
