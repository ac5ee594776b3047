#include "options.hpp"

#include <algorithm>
#include <limits>

#include "error.hpp"

namespace harness {
namespace {

bool contains(const std::vector<std::string> & words, const std::string & word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

options::options(const std::vector<std::string> & words, const std::vector<std::string> & with_value,
                 const std::vector<std::string> & switches) {
    for (size_t i = 0; i < words.size(); ++i) {
        std::string flag = words[i];
        if (flag.rfind("--", 0) != 0) {
            positional_.push_back(flag);
            continue;
        }
        std::string value;
        const size_t equals = flag.find('=');
        const bool joined = equals != std::string::npos;
        if (joined) {
            value = flag.substr(equals + 1);
            flag.resize(equals);
        }
        const bool takes_value = contains(with_value, flag);
        if (!takes_value && (joined || !contains(switches, flag))) {
            throw failure(exit_code::usage, "unknown flag " + words[i]);
        }
        if (takes_value && !joined) {
            if (i + 1 == words.size()) {
                throw failure(exit_code::usage, flag + " needs a value");
            }
            value = words[++i];
        }
        if (!values_.emplace(flag, value).second) {
            throw failure(exit_code::usage, flag + " is given twice");
        }
    }
}

std::string options::value(const std::string & flag, const std::string & otherwise) const {
    const auto found = values_.find(flag);
    return found == values_.end() ? otherwise : found->second;
}

std::string options::required(const std::string & flag) const {
    const std::string text = value(flag);
    if (text.empty()) {
        throw failure(exit_code::usage, flag + " is needed");
    }
    return text;
}

uint32_t options::number(const std::string & flag, uint32_t least, uint32_t otherwise) const {
    if (!has(flag)) {
        return otherwise;
    }
    const std::string text = value(flag);
    uint64_t number = 0;
    const bool digits = !text.empty() && text.size() <= 10 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) {
        number = std::stoull(text);
    }
    if (!digits || number < least || number > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
        throw failure(exit_code::usage, flag + " " + text + ": expected a whole number of at least " +
                                            std::to_string(least));
    }
    return static_cast<uint32_t>(number);
}

bool options::has(const std::string & flag) const { return values_.count(flag) != 0; }

std::vector<std::string> options::positional(size_t count) const {
    if (positional_.size() != count) {
        throw failure(exit_code::usage, "expected " + std::to_string(count) + " arguments beside the flags, found " +
                                            std::to_string(positional_.size()));
    }
    return positional_;
}

}  // namespace harness
