export {
  ALARM_NAMES,
  ALARM_SEVERITIES,
  alarmOf,
  type Alarm,
  type AlarmName,
  type AlarmSeverity,
} from './alarm.js'
export { alarmsOf, type NamespaceFacts } from './alarms-of.js'
