"""Hypotheses of family `rates` in words: responders, and how a patient's responses hang together."""

from __future__ import annotations

from planner.questions.plan import TrialPlan
from planner.report.scenario.family import FamilyInWords
from planner.results.number_text import percent, plain
from planner.scenario.families.rates import Rates
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


class RatesInWords(FamilyInWords[Rates]):
    """Shares of responders; effects of periods are on the latent scale."""

    def sentences(self, scenario: Scenario, hypothesis: Rates, plan: TrialPlan) -> list[str]:
        sentences = []
        if hypothesis.rates:
            sentences.append(
                f"Responders: {listed([f'{percent(r)} on {a}' for a, r in hypothesis.rates.items()])}."
            )
        if hypothesis.discordant:
            respond = "" if hypothesis.rates else "respond "
            only = [f"{percent(share)} {respond}only on {a}" for a, share in hypothesis.discordant.items()]
            sentences.append(f"Of all patients {listed(only)}.")
        if not hypothesis.rates:
            rates = listed([f"{percent(rate)} on {a}" for a, rate in hypothesis.shares.items()])
            sentences.append(
                "Of the others half are taken to respond to both and half to neither, since that is not "
                f"stated (responders: {rates}). No analysis of this file depends on it: they compare each "
                "patient's own two responses, and patients who respond alike count alike."
            )
        if hypothesis.correlation is not None:
            sentences.append(
                f"A patient's responses correlate {plain(hypothesis.correlation)} on the latent scale."
            )
        return sentences

    def period_effects(self, scenario: Scenario, added: str) -> str:
        return (
            f"Period effects: {added}, in SDs of the latent normal scale on which a response is a value "
            "below a threshold; above 0 more patients respond."
        )


IN_WORDS = RatesInWords()
