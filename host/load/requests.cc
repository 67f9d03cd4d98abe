#include "load/requests.h"

#include <utility>

namespace p2p::load {

Requests::Requests(std::vector<const Wire*> wires, KeyRange keys, KeyOrder order)
    : wires_(std::move(wires)), keys_(std::move(keys)), order_(order) {
  std::string sample;
  for (const Wire* wire : wires_) wire->request(keys_.at(keys_.size() - 1), sample);
  if (sample.size() <= kEncodedBytesMax / keys_.size()) encode_all();
}

void Requests::encode_all() {
  ends_.reserve(wires_.size() * keys_.size());
  for (const Wire* wire : wires_) {
    for (std::size_t index = 0; index < keys_.size(); ++index) {
      wire->request(keys_.at(index), bytes_);
      ends_.push_back(bytes_.size());
    }
  }
}

Asked Requests::next(std::string& into) {
  const std::size_t all = wires_.size() * keys_.size();
  const std::size_t turn = order_ == KeyOrder::sequential ? next_++ % all : random_() % all;
  const Asked asked{wires_[turn / keys_.size()], keys_.at(turn % keys_.size())};
  if (ends_.empty()) {
    asked.wire->request(asked.number, into);
  } else {
    const std::size_t begin = turn == 0 ? 0 : ends_[turn - 1];
    into.append(bytes_, begin, ends_[turn] - begin);
  }
  return asked;
}

}  // namespace p2p::load
