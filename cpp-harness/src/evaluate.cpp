#include <algorithm>
#include <chrono>
#include <cmath>

#include "commands.hpp"
#include "error.hpp"
#include "gguf_facts.hpp"
#include "llama_api.hpp"
#include "log.hpp"
#include "messages.hpp"
#include "npy_writer.hpp"

namespace harness {
namespace {

const char * const response_schema = "lockstep/evaluate-response/v1";

using clock_type = std::chrono::steady_clock;

struct batch_deleter {
    void operator()(llama_batch * batch) const {
        llama_batch_free(*batch);
        delete batch;
    }
};
using batch_ptr = std::unique_ptr<llama_batch, batch_deleter>;

// The lowest id among those with the largest logit; NaN is never the largest.
uint32_t lowest_largest(const float * row, size_t columns) {
    size_t best = 0;
    float largest = -INFINITY;
    for (size_t id = 0; id < columns; ++id) {
        if (row[id] > largest) {
            best = id;
            largest = row[id];
        }
    }
    return static_cast<uint32_t>(best);
}

std::vector<uint32_t> resolve_positions(const evaluate_request & request) {
    const auto count = static_cast<uint32_t>(request.tokens.size());
    std::vector<uint32_t> positions;
    switch (request.positions) {
        case position_choice::all:
            for (uint32_t position = 0; position < count; ++position) {
                positions.push_back(position);
            }
            break;
        case position_choice::last: positions.push_back(count - 1); break;
        case position_choice::listed: positions = request.listed; break;
    }
    for (size_t i = 1; i < positions.size(); ++i) {
        if (positions[i - 1] >= positions[i]) {
            throw declined("positions: " + std::to_string(positions[i]) + " follows " +
                           std::to_string(positions[i - 1]) + ", expected them ascending and none twice");
        }
    }
    if (!positions.empty() && positions.back() >= count) {
        throw declined("positions: " + std::to_string(positions.back()) + " in a sequence of " +
                       std::to_string(count) + " tokens");
    }
    return positions;
}

// The settings with a micro-batch that the library computes rightly.
settings sound_settings(const evaluate_flags & flags) {
    settings values = flags.values;
    const batch_limit limit = limit_batch(read_gguf_header(flags.model_path));
    if (values.micro_batch > limit.tokens && flags.own_micro_batch) {
        throw failure(exit_code::unavailable, flags.model_path + ": --micro-batch " +
                                                  std::to_string(values.micro_batch) + ": at most " +
                                                  std::to_string(limit.tokens) + ", because " + limit.reason);
    }
    values.micro_batch = std::min(values.micro_batch, limit.tokens);
    return values;
}

class evaluator {
  public:
    explicit evaluator(const evaluate_flags & flags)
        : folder_(flags.out_folder),
          values_(sound_settings(flags)),
          model_(load_model(flags.model_path, load::everything, flags.values.repack)) {
        if (!model_) {
            throw failure(exit_code::unavailable,
                          flags.model_path + ": " + take_last_errors("the library refuses the model"));
        }
        const uint32_t own = training_context(model_.get());
        if (values_.context == 0) {
            values_.context = own;
        }
        if (values_.context > own) {
            throw failure(exit_code::unavailable, flags.model_path + ": a context of " +
                                                      std::to_string(values_.context) +
                                                      " was asked for, the model was made for " + std::to_string(own));
        }
        columns_ = vocabulary_size(model_.get());
        context_ = new_context(model_.get(), values_);
        const uint32_t largest_batch = std::min(values_.micro_batch, values_.context);
        batch_.reset(new llama_batch(llama_batch_init(static_cast<int32_t>(largest_batch), 0, 1)));
        if (batch_->token == nullptr || batch_->pos == nullptr || batch_->n_seq_id == nullptr ||
            batch_->seq_id == nullptr || batch_->logits == nullptr) {
            throw failure(exit_code::internal, "llama_batch_init gave no room");
        }
    }

    json answer(const evaluate_request & request) {
        const std::string logits_name = request.id + ".logits.npy";
        const std::string greedy_name = request.id + ".greedy.npy";
        check(request);
        const std::vector<uint32_t> positions = resolve_positions(request);
        clear_memory(context_.get());

        npy_writer logits(folder_, logits_name, positions.size(), columns_);
        clock_type::duration prefill{};
        std::vector<float> row = evaluate_prompt(request, positions, logits, prefill);
        logits.finish();

        npy_writer greedy(folder_, greedy_name, request.greedy_steps, columns_);
        clock_type::duration decode{};
        const std::vector<uint32_t> ids = choose(request, std::move(row), greedy, decode);
        greedy.finish();

        return json{
            {"schema", response_schema},
            {"id", request.id},
            {"logits", logits_name},
            {"shape", {positions.size(), columns_}},
            {"greedy_ids", ids},
            {"greedy_logits", greedy_name},
            {"prefill_ns", std::chrono::nanoseconds(prefill).count()},
            {"decode_ns", std::chrono::nanoseconds(decode).count()},
            {"settings", settings_object(values_)},
        };
    }

  private:
    void check(const evaluate_request & request) const {
        if (request.tokens.empty()) {
            throw declined("tokens: none");
        }
        for (const uint32_t token : request.tokens) {
            if (token >= columns_) {
                throw declined("tokens: " + std::to_string(token) + " is outside the vocabulary of " +
                               std::to_string(columns_));
            }
        }
        // The token of the last step is chosen, but not evaluated.
        const uint64_t needed = request.tokens.size() + std::max<uint64_t>(request.greedy_steps, 1) - 1;
        if (needed > values_.context) {
            throw declined(std::to_string(request.tokens.size()) + " tokens and " +
                           std::to_string(request.greedy_steps) + " steps need " + std::to_string(needed) +
                           " places, the context has " + std::to_string(values_.context));
        }
    }

    // Evaluates `count` tokens after those in the cache; `wanted` says whose logits are kept.
    void decode_batch(const uint32_t * tokens, size_t count, size_t first, const std::vector<bool> & wanted) {
        batch_->n_tokens = static_cast<int32_t>(count);
        for (size_t i = 0; i < count; ++i) {
            batch_->token[i] = static_cast<llama_token>(tokens[i]);
            batch_->pos[i] = static_cast<llama_pos>(first + i);
            batch_->n_seq_id[i] = 1;
            batch_->seq_id[i][0] = 0;
            batch_->logits[i] = wanted[i] ? 1 : 0;
        }
        const int32_t status = llama_decode(context_.get(), *batch_);
        if (status != 0) {
            throw failure(exit_code::internal,
                          "llama_decode gave " + std::to_string(status) + ": " + take_last_errors("no reason logged"));
        }
        // Without this the time of the work would be counted where its result is first read.
        llama_synchronize(context_.get());
    }

    const float * logits_of(size_t index) const {
        const float * row = llama_get_logits_ith(context_.get(), static_cast<int32_t>(index));
        if (row == nullptr) {
            throw failure(exit_code::internal, "llama_get_logits_ith gave nothing for " + std::to_string(index));
        }
        return row;
    }

    // Writes the rows of `positions` and gives the last position's if greedy steps begin there.
    std::vector<float> evaluate_prompt(const evaluate_request & request, const std::vector<uint32_t> & positions,
                                       npy_writer & logits, clock_type::duration & time) {
        std::vector<float> last_row;
        auto next = positions.begin();
        for (size_t first = 0; first < request.tokens.size(); first += values_.micro_batch) {
            const size_t count = std::min<size_t>(values_.micro_batch, request.tokens.size() - first);
            const bool begins_greedy = request.greedy_steps > 0 && first + count == request.tokens.size();
            const auto end = std::lower_bound(next, positions.end(), first + count);
            std::vector<bool> wanted(count, false);
            for (auto position = next; position != end; ++position) {
                wanted[*position - first] = true;
            }
            wanted[count - 1] = wanted[count - 1] || begins_greedy;

            const auto begin = clock_type::now();
            decode_batch(&request.tokens[first], count, first, wanted);
            time += clock_type::now() - begin;

            for (; next != end; ++next) {
                logits.write_row(logits_of(*next - first));
            }
            if (begins_greedy) {
                const float * row = logits_of(count - 1);
                last_row.assign(row, row + columns_);
            }
        }
        return last_row;
    }

    // Row s is the row from which id s is chosen.
    std::vector<uint32_t> choose(const evaluate_request & request, std::vector<float> row, npy_writer & greedy,
                                 clock_type::duration & time) {
        std::vector<uint32_t> ids;
        for (uint32_t step = 0; step < request.greedy_steps; ++step) {
            greedy.write_row(row.data());
            ids.push_back(lowest_largest(row.data(), columns_));
            if (step + 1 < request.greedy_steps) {
                const auto begin = clock_type::now();
                decode_batch(&ids.back(), 1, request.tokens.size() + step, {true});
                time += clock_type::now() - begin;
                const float * next = logits_of(0);
                row.assign(next, next + columns_);
            }
        }
        return ids;
    }

    std::string folder_;
    settings values_;
    model_ptr model_;
    context_ptr context_;
    batch_ptr batch_;
    uint32_t columns_ = 0;
};

}  // namespace

void evaluate_lines(const evaluate_flags & flags) {
    require_readable(flags.model_path);
    evaluator engine(flags);
    for_each_line([&engine](const std::string & line) {
        const evaluate_request request = read_evaluate_request(line);
        try {
            write_line(engine.answer(request));
        } catch (const declined & error) {
            write_line(error_answer(response_schema, request.id, error.what()));
        }
    });
}

}  // namespace harness
