/* reporter.mjs - mocha's spec reporter that also writes its counts to the file P2A_MOCHA_COUNTS names */
import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      if (process.env.P2A_MOCHA_COUNTS) {
        writeFileSync(process.env.P2A_MOCHA_COUNTS, JSON.stringify({ passes, failures, pending }))
      }
    })
  }
}
